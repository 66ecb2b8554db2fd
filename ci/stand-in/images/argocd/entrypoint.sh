#!/bin/sh
# What Argo CD's entry point does: the first process of a container has to collect orphans.
[ "$$" = 1 ] && exec tini -- "$@"
exec "$@"

// Programs of ours for the stand-in's images.
module github.com/gitops-rehearsal/rehearsal/ci/stand-in/programs

go 1.27.0

require go.yaml.in/yaml/v3 v3.0.6

// Command redis serves the Redis protocol from memory, as the cache that Argo CD's components share.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	address := flag.String("address", "127.0.0.1:6379", "host:port to listen on")
	version := flag.Bool("version", false, "print the version of miniredis and end")
	flag.Parse()
	if *version {
		fmt.Println("miniredis", miniredisVersion())
		return
	}

	server := miniredis.NewMiniRedis()
	// From the environment, because other users of the machine can read arguments.
	if password := os.Getenv("REDIS_PASSWORD"); password != "" {
		server.RequireAuth(password)
	}
	if err := server.StartAddr(*address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready on", server.Addr())

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	clock := time.NewTicker(time.Second) // miniredis expires keys only when told that time has passed
	for {
		select {
		case <-clock.C:
			server.FastForward(time.Second)
		case <-stop:
			server.Close()
			return
		}
	}
}

func miniredisVersion() string {
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == "github.com/alicebob/miniredis/v2" {
				return module.Version
			}
		}
	}
	return "unknown"
}

// Command redis serves the Redis protocol from memory, as the cache that Argo CD's components share.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	address := flag.String("address", "127.0.0.1:6379", "host:port to listen on")
	password := flag.String("requirepass", "", "password that clients must send")
	flag.Parse()

	server := miniredis.NewMiniRedis()
	if *password != "" {
		server.RequireAuth(*password)
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

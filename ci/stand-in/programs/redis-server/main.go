// Command redis-server takes the arguments that Argo CD's manifests and chart give to Redis, and becomes the
// toolchain's Redis.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

const program = "/usr/local/bin/redis"

func main() {
	port := "6379"
	// A word of a Pod's `args` may hold a whole option: `--requirepass secret`.
	words := strings.Fields(strings.Join(os.Args[1:], " "))
	for index, word := range words[:max(len(words)-1, 0)] {
		switch word {
		case "--requirepass":
			os.Setenv("REDIS_PASSWORD", words[index+1])
		case "--port":
			port = words[index+1]
		}
	}
	err := syscall.Exec(program, []string{program, "--address", ":" + port}, os.Environ())
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

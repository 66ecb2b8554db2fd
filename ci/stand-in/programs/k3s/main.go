// Command k3s is the stand-in's node: to k3d it behaves as k3s does, and it runs Kubernetes' own programs.
//
//	k3s server|agent [OPTIONS]   as k3s; options that it does not know end it
//	k3s kubectl|ctr ...          that program
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: k3s server|agent|kubectl|ctr")
	}
	switch args[0] {
	case "--version":
		fmt.Println("stand-in for k3s")
		return nil
	case "kubectl", "ctr", "crictl":
		path, err := exec.LookPath(args[0])
		if err != nil {
			return err
		}
		return syscall.Exec(path, args, os.Environ())
	case "server", "agent":
	default:
		return fmt.Errorf("the stand-in does not know k3s %s", args[0])
	}

	options, err := parseOptions(args[1:])
	if err != nil {
		return err
	}
	node, err := newNode(options)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	if args[0] == "server" {
		err = node.server()
	} else {
		err = node.agent()
	}
	if err != nil {
		return err
	}
	select {
	case err := <-node.ended:
		return err
	case signal := <-stop:
		say("ending: %s", signal)
		node.stop()
		return nil
	}
}

func say(format string, values ...any) {
	fmt.Printf(format+"\n", values...)
}

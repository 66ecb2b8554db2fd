package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// programs run until one of them ends, which ends the node: its container's restart policy decides.
type programs struct {
	ended   chan error
	mutex   sync.Mutex
	running []*exec.Cmd
}

const logFolder = "/var/log/stand-in"

func (p *programs) start(name string, args ...string) error {
	if err := os.MkdirAll(logFolder, 0o755); err != nil {
		return err
	}
	path := logFolder + "/" + name + ".log"
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	command := exec.Command(name, args...)
	command.Stdout, command.Stderr = log, log
	say("Running %s %s", name, strings.Join(args, " "))
	if err := command.Start(); err != nil {
		return err
	}
	log.Close()
	p.mutex.Lock()
	p.running = append(p.running, command)
	p.mutex.Unlock()
	go func() {
		err := command.Wait()
		text, _ := os.ReadFile(path)
		p.ended <- fmt.Errorf("%s ended (%v): %s", name, err, text[max(0, len(text)-3000):])
	}()
	return nil
}

// stop ends everything at once: nothing of a throw-away node needs an orderly end.
func (p *programs) stop() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, command := range p.running {
		command.Process.Signal(syscall.SIGKILL)
	}
}

// until asks again and again, and gives up with the last reason after a while.
func until(what string, ask func() error) error {
	end := time.Now().Add(3 * time.Minute)
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: %w", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

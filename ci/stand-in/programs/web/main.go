// Command web is the workload of tests: it answers HTTP, or fails in the way it is told to.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	address := flag.String("address", ":8080", "host:port to listen on")
	text := flag.String("text", fallback("WEB_TEXT", "hello\n"), "what to answer on every path")
	file := flag.String("file", "", "answer with this file, which is written with the text first")
	crash := flag.String("crash", os.Getenv("WEB_CRASH"), "print this and exit with code 1")
	unhealthy := flag.Bool("unhealthy", os.Getenv("WEB_UNHEALTHY") != "", "answer 500 on /healthz")
	job := flag.Duration("job", 0, "serve nothing: sleep for this long and exit with code 0")
	flag.Parse()

	if *crash != "" {
		fmt.Fprintln(os.Stderr, *crash)
		os.Exit(1)
	}
	if *job > 0 {
		time.Sleep(*job)
		fmt.Println("done")
		return
	}
	if *file != "" {
		if err := os.WriteFile(*file, []byte(*text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}

	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if *unhealthy {
			http.Error(w, "unhealthy, as told", http.StatusInternalServerError)
		}
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
		if *file != "" {
			http.ServeFile(w, r, *file)
			return
		}
		fmt.Fprint(w, *text)
	})
	server := &http.Server{Addr: *address}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		server.Shutdown(context.Background())
	}()
	fmt.Println("listening on", *address)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func fallback(name, value string) string {
	if set := os.Getenv(name); set != "" {
		return set
	}
	return value
}

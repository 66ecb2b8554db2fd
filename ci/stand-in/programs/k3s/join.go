package main

import (
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// joinPort is where a server lets agents in that know the cluster's token.
const joinPort = "6444"

// admit serves credentials to agents.
func (n *node) admit(ca *authority) error {
	serving, err := ca.issue("stand-in", nil, n.name, n.ip)
	if err != nil {
		return err
	}
	certificate, err := tls.X509KeyPair(serving.Certificate, serving.Key)
	if err != nil {
		return err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		if n.options.token == "" || subtle.ConstantTimeCompare([]byte(password), []byte(n.options.token)) != 1 {
			http.Error(w, "wrong token", http.StatusUnauthorized)
			return
		}
		given, err := n.credentialsFor(ca, r.FormValue("name"), r.FormValue("ip"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		json.NewEncoder(w).Encode(given)
	})
	server := &http.Server{
		Addr: ":" + joinPort, Handler: handler,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	go func() { n.ended <- server.ListenAndServeTLS("", "") }()
	return nil
}

// agent joins the cluster of K3S_URL.
func (n *node) agent() error {
	if n.options.url == "" || n.options.token == "" {
		return fmt.Errorf("an agent needs K3S_URL and K3S_TOKEN")
	}
	target, err := url.Parse(n.options.url)
	if err != nil {
		return err
	}
	if err := n.runContainers(); err != nil {
		return err
	}
	var given credentials
	err = until("joining the cluster", func() (err error) {
		given, err = n.askForCredentials(target.Hostname())
		return err
	})
	if err != nil {
		return err
	}
	// k3d's entry point calls kubectl, which on an agent may do what its kubelet may.
	if err := writeFile(kubeconfig, kubeconfigFor(n.options.url, given.CA, given.Kubelet)); err != nil {
		return err
	}
	return n.runNode(n.options.url, given)
}

// askForCredentials trusts whoever answers, as k3s does when its token does not name an authority.
func (n *node) askForCredentials(host string) (given credentials, err error) {
	client := http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	}
	query := url.Values{"name": {n.name}, "ip": {n.ip}}.Encode()
	request, err := http.NewRequest(http.MethodGet, "https://"+host+":"+joinPort+"/?"+query, nil)
	if err != nil {
		return given, err
	}
	request.SetBasicAuth("node", n.options.token)
	answer, err := client.Do(request)
	if err != nil {
		return given, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return given, err
	}
	if answer.StatusCode != http.StatusOK {
		return given, fmt.Errorf("%s: %s", answer.Status, text)
	}
	return given, json.Unmarshal(text, &given)
}

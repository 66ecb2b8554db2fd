package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// api speaks JSON to the API server.
type api struct {
	server string
	client http.Client
}

func newAPI(server string, ca []byte, client identity) (*api, error) {
	certificate, err := tls.X509KeyPair(client.Certificate, client.Key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &api{server: server, client: http.Client{
		Timeout: 20 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: pool},
		},
	}}, nil
}

func (a *api) get(path string, into any) error {
	return a.do(http.MethodGet, path, nil, into)
}

// patch merges the value into what is at the path.
func (a *api) patch(path string, value any) error {
	return a.do(http.MethodPatch, path, value, nil)
}

func (a *api) do(method, path string, value, into any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, a.server+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/merge-patch+json")
	answer, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

type nodeList struct {
	Items []nodeObject
}

type nodeObject struct {
	Metadata struct{ Name string }
	Spec     struct{ PodCIDR string }
	Status   struct {
		Addresses []struct{ Type, Address string }
	}
}

type serviceList struct {
	Items []struct {
		Metadata struct{ Namespace, Name string }
		Spec     struct{ Type string }
		Status   struct {
			LoadBalancer struct {
				Ingress []struct{ IP string }
			}
		}
	}
}

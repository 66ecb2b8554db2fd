package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

const registriesFile = "/etc/rancher/k3s/registries.yaml"

// registries is what k3s reads from registries.yaml: https://docs.k3s.io/installation/private-registry
type registries struct {
	Mirrors map[string]mirror `yaml:"mirrors"`
	Configs map[string]struct {
		Auth map[string]string `yaml:"auth"`
		TLS  struct {
			CA         string `yaml:"ca_file"`
			SkipVerify bool   `yaml:"insecure_skip_verify"`
		} `yaml:"tls"`
	} `yaml:"configs"`
}

type mirror struct {
	Endpoint []string          `yaml:"endpoint"`
	Rewrite  map[string]string `yaml:"rewrite"`
}

// writeRegistries tells containerd where to ask for images, in one folder per registry.
func writeRegistries(folder string) error {
	content, err := os.ReadFile(registriesFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	asked := registries{Mirrors: map[string]mirror{}}
	if err := yaml.Unmarshal(content, &asked); err != nil {
		return fmt.Errorf("%s: %w", registriesFile, err)
	}
	for host, config := range asked.Configs {
		if len(config.Auth) > 0 {
			return fmt.Errorf("%s: the stand-in knows no credentials (%s)", registriesFile, host)
		}
		asked.Mirrors[host] = asked.Mirrors[host] // a registry without mirrors has settings too
	}
	for host, mirror := range asked.Mirrors {
		if len(mirror.Rewrite) > 0 {
			return fmt.Errorf("%s: the stand-in knows no rewrites (%s)", registriesFile, host)
		}
		text, err := asked.hosts(host, mirror.Endpoint)
		if err != nil {
			return err
		}
		name := host
		if host == "*" {
			name = "_default"
		}
		if err := writeFile(folder+"/"+name+"/hosts.toml", []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// hosts is containerd's configuration of one registry: its mirrors in their order, then itself.
func (r registries) hosts(host string, endpoints []string) (string, error) {
	var text strings.Builder
	if host != "*" {
		own := "https://" + host
		if host == "docker.io" {
			own = "https://registry-1.docker.io"
		}
		fmt.Fprintf(&text, "server = %q\n", own+"/v2")
		endpoints = append(endpoints, own)
	}
	for _, endpoint := range endpoints {
		parsed, err := url.Parse(endpoint)
		if err != nil || parsed.Host == "" {
			return "", fmt.Errorf("%s: not an endpoint: %q", registriesFile, endpoint)
		}
		fmt.Fprintf(&text, "[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n",
			parsed.Scheme+"://"+parsed.Host+strings.TrimSuffix(strings.TrimSuffix(parsed.Path, "/"), "/v2")+"/v2")
		config := r.Configs[parsed.Host].TLS
		if config.CA != "" {
			fmt.Fprintf(&text, "  ca = %q\n", config.CA)
		}
		if config.SkipVerify {
			text.WriteString("  skip_verify = true\n")
		}
	}
	return text.String(), nil
}

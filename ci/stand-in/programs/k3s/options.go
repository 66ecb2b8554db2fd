package main

import (
	"fmt"
	"os"
	"strings"
)

// options are those of k3s that mean something here.
type options struct {
	token, url                string
	clusterCIDR, serviceCIDR  string
	clusterDNS, clusterDomain string
	disabled                  map[string]bool
	tlsNames                  []string
	labels, taints            []string
	// extra holds arguments of `--PROGRAM-arg`, by program.
	extra map[string][]string
}

// ignored options of k3s take a value and change nothing here.
var ignored = map[string]bool{
	"flannel-backend": true, "snapshotter": true, "data-dir": true, "https-listen-port": true,
	"private-registry": true, "node-name": true, "node-ip": true, "bind-address": true,
	"write-kubeconfig": true, "write-kubeconfig-mode": true, "kube-cloud-controller-manager-arg": true,
	"etcd-arg": true, "pause-image": true, "system-default-registry": true, "prefer-bundled-bin": true,
}

// switches of k3s take no value and change nothing here.
var switches = map[string]bool{
	"cluster-init": true, "disable-network-policy": true, "disable-cloud-controller": true,
	"disable-helm-controller": true, "debug": true, "embedded-registry": true, "rootless": true,
	"secrets-encryption": true, "disable-default-registry-endpoint": true,
}

func parseOptions(args []string) (options, error) {
	parsed := options{
		token:         os.Getenv("K3S_TOKEN"),
		url:           os.Getenv("K3S_URL"),
		clusterCIDR:   "10.42.0.0/16",
		serviceCIDR:   "10.43.0.0/16",
		clusterDNS:    "10.43.0.10",
		clusterDomain: "cluster.local",
		disabled:      map[string]bool{},
		extra:         map[string][]string{},
	}
	for len(args) > 0 {
		word, ok := strings.CutPrefix(args[0], "--")
		if !ok {
			return parsed, fmt.Errorf("not an option of k3s: %s", args[0])
		}
		args = args[1:]
		name, value, given := strings.Cut(word, "=")
		if switches[name] {
			continue
		}
		if !given {
			if len(args) == 0 {
				return parsed, fmt.Errorf("--%s has no value", name)
			}
			value, args = args[0], args[1:]
		}
		if err := parsed.set(name, value); err != nil {
			return parsed, err
		}
	}
	return parsed, nil
}

func (o *options) set(name, value string) error {
	switch name {
	case "token":
		o.token = value
	case "server":
		o.url = value
	case "cluster-cidr":
		o.clusterCIDR = value
	case "service-cidr":
		o.serviceCIDR = value
	case "cluster-dns":
		o.clusterDNS = value
	case "cluster-domain":
		o.clusterDomain = value
	case "tls-san":
		o.tlsNames = append(o.tlsNames, strings.Split(value, ",")...)
	case "disable":
		for _, part := range strings.Split(value, ",") {
			o.disabled[part] = true
		}
	case "node-label":
		o.labels = append(o.labels, value)
	case "node-taint":
		o.taints = append(o.taints, value)
	case "kube-apiserver-arg", "kube-controller-manager-arg", "kube-scheduler-arg", "kube-proxy-arg", "kubelet-arg":
		program := strings.TrimSuffix(name, "-arg")
		o.extra[program] = append(o.extra[program], "--"+strings.TrimPrefix(value, "--"))
	default:
		if !ignored[name] {
			return fmt.Errorf("the stand-in does not know the option --%s", name)
		}
	}
	return nil
}

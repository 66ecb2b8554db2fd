package main

import (
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const cniFile = "/etc/cni/net.d/10-stand-in.conflist"

// ptp rather than bridge: every packet is routed, so that kube-proxy sees it without br_netfilter.
const cniConfig = `{
  "cniVersion": "1.0.0",
  "name": "stand-in",
  "plugins": [
    {
      "type": "ptp",
      "ipMasq": true,
      "mtu": %d,
      "ipam": { "type": "host-local", "ranges": [[{ "subnet": "%s" }]], "routes": [{ "dst": "0.0.0.0/0" }] }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
`

// keepInside refuses what is meant for a Service that kube-proxy does not know (yet) or a Pod that does not
// exist. It would leave through Docker's network, and be answered by whoever has such an address out there.
func keepInside(pods, services string) error {
	if err := execute("ip", "route", "replace", "unreachable", pods); err != nil {
		return err
	}
	for _, chain := range []string{"FORWARD", "OUTPUT"} {
		if err := execute("iptables", "-w", "-A", chain, "-d", services, "-j", "REJECT"); err != nil {
			return err
		}
	}
	return nil
}

// connectPods waits for the node's share of the Pods' addresses, sets up the network for it, and from then
// on keeps routes to the other nodes' Pods.
func (n *node) connectPods(client *api) error {
	err := until("registration of the node", func() error {
		var own nodeObject
		if err := client.get("/api/v1/nodes/"+n.name, &own); err != nil {
			return err
		}
		if own.Spec.PodCIDR == "" {
			return fmt.Errorf("the node has no addresses for Pods yet")
		}
		return writeFile(cniFile, fmt.Appendf(nil, cniConfig, interfaceMTU(), own.Spec.PodCIDR))
	})
	if err != nil {
		return err
	}
	say("Successfully registered node %s", n.name)
	go func() {
		known := map[string]bool{}
		for ; ; time.Sleep(2 * time.Second) {
			var nodes nodeList
			if err := client.get("/api/v1/nodes", &nodes); err != nil {
				continue
			}
			for _, other := range nodes.Items {
				n.routeTo(other, known)
			}
		}
	}()
	return nil
}

func (n *node) routeTo(other nodeObject, known map[string]bool) {
	if other.Metadata.Name == n.name || other.Spec.PodCIDR == "" {
		return
	}
	for _, address := range other.Status.Addresses {
		key := other.Spec.PodCIDR + " " + address.Address
		if address.Type != "InternalIP" || known[key] {
			continue
		}
		if err := execute("ip", "route", "replace", other.Spec.PodCIDR, "via", address.Address); err != nil {
			say("no route to %s: %v", other.Metadata.Name, err)
			continue
		}
		known[key] = true
	}
}

// execute runs a program to its end.
func execute(name string, args ...string) error {
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, output)
	}
	return nil
}

package main

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	manifestsFolder = serverFolder + "/manifests"
	shippedFolder   = "/usr/share/stand-in/manifests"
	// hostsPatience is how long CoreDNS is held back for the names that k3d adds to its manifest.
	hostsPatience = time.Minute
)

// stageManifests puts what the image ships, and is not disabled, where k3s has it.
func (n *node) stageManifests() error {
	shipped, err := filepath.Glob(shippedFolder + "/*.yaml")
	if err != nil {
		return err
	}
	for _, path := range shipped {
		if n.options.disabled[strings.TrimSuffix(filepath.Base(path), ".yaml")] {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		replaced := strings.ReplaceAll(string(content), "%{CLUSTER_DNS}%", n.options.clusterDNS)
		replaced = strings.ReplaceAll(replaced, "%{CLUSTER_DOMAIN}%", n.options.clusterDomain)
		if err := writeFile(filepath.Join(manifestsFolder, filepath.Base(path)), []byte(replaced)); err != nil {
			return err
		}
	}
	return nil
}

// applyManifests applies each manifest of the folder, and again whenever it has changed.
func (n *node) applyManifests() {
	applied := map[string][sha256.Size]byte{}
	started := time.Now()
	for ; ; time.Sleep(300 * time.Millisecond) {
		paths, _ := filepath.Glob(manifestsFolder + "/*.yaml")
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil || applied[path] == sha256.Sum256(content) {
				continue
			}
			// CoreDNS would learn of a late change of its ConfigMap only a minute later.
			awaits := filepath.Base(path) == "coredns.yaml" && !bytes.Contains(content, []byte("host.k3d.internal"))
			if awaits && time.Since(started) < hostsPatience {
				continue
			}
			if err := execute("kubectl", "apply", "--server-side", "--force-conflicts", "-f", path); err != nil {
				say("%v", err)
				continue
			}
			applied[path] = sha256.Sum256(content)
			say("Applied manifest %s", path)
		}
	}
}

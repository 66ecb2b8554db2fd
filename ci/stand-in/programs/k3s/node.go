package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

const (
	dataFolder   = "/var/lib/rancher/k3s"
	agentFolder  = dataFolder + "/agent"
	kubeconfig   = "/etc/rancher/k3s/k3s.yaml"
	socket       = "/run/k3s/containerd/containerd.sock"
	imagesFolder = "/usr/share/stand-in/images"
	pauseImage   = "rancher/mirrored-pause:stand-in"
)

// node is what server and agent have in common.
type node struct {
	programs
	options options
	name    string
	ip      string
}

// credentials are what an agent needs to be a node of the cluster.
type credentials struct {
	CA                        []byte
	Kubelet, Serving, Proxy   identity
	ClusterCIDR, ServiceCIDR  string
	ClusterDNS, ClusterDomain string
}

func newNode(options options) (*node, error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	ip, err := ownAddress()
	if err != nil {
		return nil, err
	}
	return &node{options: options, name: strings.ToLower(name), ip: ip, programs: programs{ended: make(chan error, 16)}}, nil
}

// ownAddress is the one on the cluster's Docker network.
func ownAddress() (string, error) {
	card, err := net.InterfaceByName("eth0")
	if err != nil {
		return "", err
	}
	addresses, err := card.Addrs()
	if err != nil {
		return "", err
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
			return network.IP.String(), nil
		}
	}
	return "", fmt.Errorf("eth0 has no IPv4 address")
}

// runContainers starts containerd and gives it the images that a node cannot do without.
func (n *node) runContainers() error {
	config := agentFolder + "/etc/containerd/config.toml"
	if err := writeFile(config, []byte(containerdConfig)); err != nil {
		return err
	}
	if err := writeRegistries(agentFolder + "/etc/containerd/certs.d"); err != nil {
		return err
	}
	if err := n.start("containerd", "--config", config); err != nil {
		return err
	}
	if err := until("containerd", func() error { return execute("ctr", "version") }); err != nil {
		return err
	}
	say("Containerd is now running")
	tars, err := filepath.Glob(imagesFolder + "/*.tar")
	if err != nil {
		return err
	}
	for _, tar := range tars {
		if err := execute("ctr", "image", "import", "--all-platforms", tar); err != nil {
			return err
		}
	}
	return nil
}

// restrict_oom_score_adj: without CAP_SYS_RESOURCE no score can be lowered, and containers would not start.
const containerdConfig = `version = 3
root = "` + agentFolder + `/containerd"
state = "/run/k3s/containerd"

[grpc]
  address = "` + socket + `"

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "` + pauseImage + `"

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "` + agentFolder + `/etc/containerd/certs.d"

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = false

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["/opt/cni/bin"]
  conf_dir = "/etc/cni/net.d"
`

// runNode starts kubelet and kube-proxy against a server, and returns once the node is registered.
func (n *node) runNode(server string, given credentials) error {
	folder := agentFolder + "/tls/"
	if err := writeFile(folder+"ca.crt", given.CA); err != nil {
		return err
	}
	if err := given.Serving.write(folder+"kubelet-serving.crt", folder+"kubelet-serving.key"); err != nil {
		return err
	}
	kubeletConfig, proxyConfig := agentFolder+"/kubelet.kubeconfig", agentFolder+"/kube-proxy.kubeconfig"
	if err := writeFile(kubeletConfig, kubeconfigFor(server, given.CA, given.Kubelet)); err != nil {
		return err
	}
	if err := writeFile(proxyConfig, kubeconfigFor(server, given.CA, given.Proxy)); err != nil {
		return err
	}
	settings := agentFolder + "/kubelet.yaml"
	text := strings.NewReplacer("@TLS@", folder, "@DNS@", given.ClusterDNS, "@DOMAIN@", given.ClusterDomain,
		"@SOCKET@", socket).Replace(kubeletSettings)
	if err := writeFile(settings, []byte(text)); err != nil {
		return err
	}
	args := []string{
		"--config=" + settings, "--kubeconfig=" + kubeletConfig,
		"--hostname-override=" + n.name, "--node-ip=" + n.ip,
	}
	if len(n.options.labels) > 0 {
		args = append(args, "--node-labels="+strings.Join(n.options.labels, ","))
	}
	if len(n.options.taints) > 0 {
		args = append(args, "--register-with-taints="+strings.Join(n.options.taints, ","))
	}
	if err := n.start("kubelet", append(args, n.options.extra["kubelet"]...)...); err != nil {
		return err
	}
	if err := keepInside(given.ClusterCIDR, given.ServiceCIDR); err != nil {
		return err
	}
	// conntrack's limits belong to the host, and cannot be changed from a container.
	proxy := []string{
		"--kubeconfig=" + proxyConfig, "--hostname-override=" + n.name, "--proxy-mode=iptables",
		"--cluster-cidr=" + given.ClusterCIDR, "--conntrack-max-per-core=0",
		"--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
		"--oom-score-adj=0", "--iptables-min-sync-period=100ms", "--healthz-bind-address=127.0.0.1:10256",
	}
	if err := n.start("kube-proxy", append(proxy, n.options.extra["kube-proxy"]...)...); err != nil {
		return err
	}
	// kube-proxy's, as a kubelet may see no node but its own.
	client, err := newAPI(server, given.CA, given.Proxy)
	if err != nil {
		return err
	}
	return n.connectPods(client)
}

// cgroupsPerQOS and failCgroupV1: kubelet then runs with both versions of cgroups, inside a container.
// eviction by disk: the host's disk is not this node's to judge, but 95 % full is full.
const kubeletSettings = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: { enabled: false }
  webhook: { enabled: true }
  x509: { clientCAFile: "@TLS@ca.crt" }
authorization: { mode: Webhook }
tlsCertFile: "@TLS@kubelet-serving.crt"
tlsPrivateKeyFile: "@TLS@kubelet-serving.key"
containerRuntimeEndpoint: "unix://@SOCKET@"
clusterDNS: ["@DNS@"]
clusterDomain: "@DOMAIN@"
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
syncFrequency: 10s
nodeStatusUpdateFrequency: 5s
nodeStatusReportFrequency: 30s
evictionHard: { nodefs.available: 5%, imagefs.available: 5%, memory.available: 100Mi }
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
logging: { format: text }
`

func kubeconfigFor(server string, ca []byte, user identity) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    certificate-authority-data: %s
    server: %s
contexts:
- name: default
  context: { cluster: default, user: default }
current-context: default
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, base64Text(ca), server, base64Text(user.Certificate), base64Text(user.Key))
}

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

const (
	serverFolder = dataFolder + "/server"
	tlsFolder    = serverFolder + "/tls/"
	localServer  = "https://127.0.0.1:6443"
)

// server is the control plane, and a node as well.
func (n *node) server() error {
	if n.options.url != "" {
		return fmt.Errorf("the stand-in has one server; it cannot join %s", n.options.url)
	}
	ca, err := loadAuthority(tlsFolder)
	if err != nil {
		return err
	}
	admin, err := n.issueAll(ca)
	if err != nil {
		return err
	}
	if err := n.writeKubeconfigs(ca, admin); err != nil {
		return err
	}
	containers := make(chan error, 1)
	go func() { containers <- n.runContainers() }() // beside the control plane, which takes as long
	if err := n.runControlPlane(); err != nil {
		return err
	}
	client, err := newAPI(localServer, ca.pem, admin)
	if err != nil {
		return err
	}
	if err := until("kube-apiserver", func() error { return client.do("GET", "/readyz", nil, nil) }); err != nil {
		return err
	}
	if err := n.runControllers(); err != nil {
		return err
	}
	if err := <-containers; err != nil {
		return err
	}
	if err := n.admit(ca); err != nil {
		return err
	}
	given, err := n.credentialsFor(ca, n.name, n.ip)
	if err != nil {
		return err
	}
	if err := n.runNode(localServer, given); err != nil {
		return err
	}
	if err := n.stageManifests(); err != nil {
		return err
	}
	say("Cluster dns configmap has been set successfully") // k3d waits for these words, then writes coredns.yaml
	say("k3s is up and running")
	go n.applyManifests()
	if !n.options.disabled["servicelb"] {
		go n.addressServices(client)
	}
	return nil
}

// issueAll writes what the control plane's programs read, and gives the administrator's identity.
func (n *node) issueAll(ca *authority) (identity, error) {
	services, err := netip.ParsePrefix(n.options.serviceCIDR)
	if err != nil {
		return identity{}, err
	}
	names := append([]string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc." + n.options.clusterDomain, "localhost", "127.0.0.1",
		services.Masked().Addr().Next().String(), n.ip, n.name,
	}, n.options.tlsNames...)
	admins := []string{"system:masters"}
	for _, wanted := range []struct {
		file, user string
		groups     []string
		names      []string
	}{
		{"apiserver", "kube-apiserver", nil, names},
		{"front-proxy", "front-proxy", nil, nil},
		{"kubelet-client", "kube-apiserver", admins, nil},
	} {
		issued, err := ca.issue(wanted.user, wanted.groups, wanted.names...)
		if err != nil {
			return identity{}, err
		}
		if err := issued.write(tlsFolder+wanted.file+".crt", tlsFolder+wanted.file+".key"); err != nil {
			return identity{}, err
		}
	}
	for _, program := range []string{"kube-controller-manager", "kube-scheduler"} {
		issued, err := ca.issue("system:"+program, nil)
		if err != nil {
			return identity{}, err
		}
		if err := writeFile(tlsFolder+program+".kubeconfig", kubeconfigFor(localServer, ca.pem, issued)); err != nil {
			return identity{}, err
		}
	}
	if err := makeServiceAccountKey(tlsFolder + "service-account.key"); err != nil {
		return identity{}, err
	}
	return ca.issue("system:admin", admins)
}

func makeServiceAccountKey(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	made, err := encode(nil, key)
	if err != nil {
		return err
	}
	return writeFile(path, made.Key)
}

// writeKubeconfigs writes the node's own, and the one that k3d copies from the container.
func (n *node) writeKubeconfigs(ca *authority, admin identity) error {
	content := kubeconfigFor(localServer, ca.pem, admin)
	if err := writeFile(kubeconfig, content); err != nil {
		return err
	}
	if output := os.Getenv("K3S_KUBECONFIG_OUTPUT"); output != "" {
		return writeFile(output, content)
	}
	return nil
}

func (n *node) runControlPlane() error {
	if err := n.start("etcd",
		"--data-dir="+serverFolder+"/db", "--log-level=warn", "--unsafe-no-fsync",
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=default=http://127.0.0.1:2380",
	); err != nil {
		return err
	}
	if err := until("etcd", func() error {
		connection, err := net.DialTimeout("tcp", "127.0.0.1:2379", time.Second)
		if err != nil {
			return err
		}
		return connection.Close()
	}); err != nil {
		return err
	}
	return n.start("kube-apiserver", append([]string{
		"--etcd-servers=http://127.0.0.1:2379", "--secure-port=6443", "--advertise-address=" + n.ip,
		"--tls-cert-file=" + tlsFolder + "apiserver.crt", "--tls-private-key-file=" + tlsFolder + "apiserver.key",
		"--client-ca-file=" + tlsFolder + "ca.crt", "--authorization-mode=Node,RBAC", "--allow-privileged=true",
		"--enable-admission-plugins=NodeRestriction", "--enable-bootstrap-token-auth=true",
		"--kubelet-certificate-authority=" + tlsFolder + "ca.crt",
		"--kubelet-client-certificate=" + tlsFolder + "kubelet-client.crt",
		"--kubelet-client-key=" + tlsFolder + "kubelet-client.key",
		"--kubelet-preferred-address-types=InternalIP,Hostname",
		"--proxy-client-cert-file=" + tlsFolder + "front-proxy.crt",
		"--proxy-client-key-file=" + tlsFolder + "front-proxy.key",
		"--requestheader-client-ca-file=" + tlsFolder + "ca.crt", "--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--service-account-issuer=https://kubernetes.default.svc." + n.options.clusterDomain,
		"--service-account-key-file=" + tlsFolder + "service-account.key",
		"--service-account-signing-key-file=" + tlsFolder + "service-account.key",
		"--service-cluster-ip-range=" + n.options.serviceCIDR, "--profiling=false",
	}, n.options.extra["kube-apiserver"]...)...)
}

func (n *node) runControllers() error {
	manager := []string{
		"--kubeconfig=" + tlsFolder + "kube-controller-manager.kubeconfig", "--leader-elect=false",
		"--bind-address=127.0.0.1", "--use-service-account-credentials=true",
		"--root-ca-file=" + tlsFolder + "ca.crt",
		"--cluster-signing-cert-file=" + tlsFolder + "ca.crt", "--cluster-signing-key-file=" + tlsFolder + "ca.key",
		"--service-account-private-key-file=" + tlsFolder + "service-account.key",
		"--allocate-node-cidrs=true", "--cluster-cidr=" + n.options.clusterCIDR,
		"--service-cluster-ip-range=" + n.options.serviceCIDR,
	}
	err := n.start("kube-controller-manager", append(manager, n.options.extra["kube-controller-manager"]...)...)
	if err != nil {
		return err
	}
	scheduler := []string{
		"--kubeconfig=" + tlsFolder + "kube-scheduler.kubeconfig", "--leader-elect=false", "--bind-address=127.0.0.1",
	}
	return n.start("kube-scheduler", append(scheduler, n.options.extra["kube-scheduler"]...)...)
}

func (n *node) credentialsFor(ca *authority, name, ip string) (credentials, error) {
	given := credentials{
		CA: ca.pem, ClusterCIDR: n.options.clusterCIDR, ServiceCIDR: n.options.serviceCIDR,
		ClusterDNS: n.options.clusterDNS, ClusterDomain: n.options.clusterDomain,
	}
	var err error
	if given.Kubelet, err = ca.issue("system:node:"+name, []string{"system:nodes"}); err != nil {
		return given, err
	}
	if given.Serving, err = ca.issue("system:node:"+name, []string{"system:nodes"}, name, ip); err != nil {
		return given, err
	}
	given.Proxy, err = ca.issue("system:kube-proxy", nil)
	return given, err
}

// addressServices does what k3s' servicelb does: a Service of type LoadBalancer gets the node's address.
func (n *node) addressServices(client *api) {
	for ; ; time.Sleep(time.Second) {
		var services serviceList
		if err := client.get("/api/v1/services", &services); err != nil {
			continue
		}
		for _, service := range services.Items {
			if service.Spec.Type != "LoadBalancer" || len(service.Status.LoadBalancer.Ingress) > 0 {
				continue
			}
			path := fmt.Sprintf("/api/v1/namespaces/%s/services/%s/status", service.Metadata.Namespace, service.Metadata.Name)
			ingress := map[string]any{"ingress": []any{map[string]string{"ip": n.ip}}}
			if err := client.patch(path, map[string]any{"status": map[string]any{"loadBalancer": ingress}}); err != nil {
				say("servicelb: %s", strings.TrimSpace(err.Error()))
			}
		}
	}
}

func interfaceMTU() int {
	card, err := net.InterfaceByName("eth0")
	if err != nil {
		return 1400
	}
	return card.MTU
}

func base64Text(content []byte) string {
	return base64.StdEncoding.EncodeToString(content)
}

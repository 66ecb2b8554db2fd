// Asks Argo CD's own health checks, of the version that ci/toolchain pins. Built with that module's go.mod.
//
//	health samples     prints every kind with a check in Lua, with the samples that Argo CD tests it with
//	health <objects    reads one object as JSON from each line, and answers each with its health
package main

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"log"
	"os"
	"path"
	"strings"

	"github.com/argoproj/argo-cd/v3/resource_customizations"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

type kind struct {
	Group   string           `json:"group"`
	Kind    string           `json:"kind"`
	Healthy []map[string]any `json:"healthy"`
	Others  []map[string]any `json:"others"`
}

// healthTest is an entry of Argo CD's health_test.yaml.
type healthTest struct {
	HealthStatus answer `json:"healthStatus"`
	InputPath    string `json:"inputPath"`
}

type answer struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	log.SetFlags(0)
	output := json.NewEncoder(os.Stdout)
	if len(os.Args) > 1 && os.Args[1] == "samples" {
		must(output.Encode(samples()))
		return
	}
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 16<<20)
	for input.Scan() {
		must(output.Encode(healthOf(input.Bytes())))
	}
	must(input.Err())
}

// healthOf answers an error of the check as the status Error, and a kind without a check as none.
func healthOf(text []byte) answer {
	object := &unstructured.Unstructured{}
	must(object.UnmarshalJSON(text))
	status, err := lua.ResourceHealthOverrides{}.GetResourceHealth(object)
	if err != nil {
		return answer{Status: "Error", Message: err.Error()}
	}
	if status == nil {
		return answer{}
	}
	return answer{Status: string(status.Status), Message: status.Message}
}

func samples() []kind {
	files := resource_customizations.Embedded
	checks, err := fs.Glob(files, "*/*/health.lua")
	must(err)
	kinds := make([]kind, 0, len(checks))
	for _, check := range checks {
		folder := path.Dir(check)
		of := kind{Group: path.Dir(folder), Kind: path.Base(folder)}
		for _, test := range testsIn(folder) {
			sample := read(path.Join(folder, test.InputPath))
			if sample == nil {
				continue
			}
			if test.HealthStatus.Status == "Healthy" {
				of.Healthy = append(of.Healthy, sample)
			} else {
				of.Others = append(of.Others, sample)
			}
		}
		kinds = append(kinds, of)
	}
	return kinds
}

func testsIn(folder string) []healthTest {
	text, err := resource_customizations.Embedded.ReadFile(path.Join(folder, "health_test.yaml"))
	if err != nil {
		return nil
	}
	var file struct {
		Tests []healthTest `json:"tests"`
	}
	must(yaml.Unmarshal(text, &file))
	return file.Tests
}

// read gives the first document of a file, which may begin with a separator.
func read(file string) map[string]any {
	text, err := resource_customizations.Embedded.ReadFile(file)
	must(err)
	object := map[string]any{}
	first, _, _ := strings.Cut(strings.TrimPrefix(string(text), "---\n"), "\n---\n")
	must(yaml.Unmarshal([]byte(first), &object))
	if len(object) == 0 {
		return nil
	}
	return object
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Writes JSON schemas for kubeconform: of Kubernetes' own kinds from its OpenAPI file, and of custom resources from
// their definitions. Closed: a field that the schema does not name is an error. Nothing is fetched.
//
// Usage: schemas OUT swagger.json crd.yaml...
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

type object = map[string]any

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: schemas OUT swagger.json crd.yaml...")
	}
	out := os.Args[1]
	own(out, os.Args[2])
	for _, file := range os.Args[3:] {
		custom(out, file)
	}
}

// own writes the kinds of an OpenAPI 2 file.
func own(out, file string) {
	var spec struct{ Definitions map[string]object }
	read(file, &spec)
	for name, definition := range spec.Definitions {
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		for _, kind := range kinds {
			k := kind.(object)
			reachable := object{}
			reach(spec.Definitions, name, reachable)
			schema := object{"$ref": "#/definitions/" + name, "definitions": reachable}
			write(out, k["kind"].(string), k["group"].(string), k["version"].(string), schema)
		}
	}
}

// reach collects a definition and all that it refers to, closed and with its references kept.
func reach(all map[string]object, name string, found object) {
	if _, done := found[name]; done {
		return
	}
	closed := closeUp(all[name]).(object)
	// Numbers or texts, whatever OpenAPI says of them.
	switch {
	case strings.HasSuffix(name, ".IntOrString"):
		closed = object{"type": []string{"string", "integer"}}
	case strings.HasSuffix(name, ".Quantity"):
		closed = object{"type": []string{"string", "number"}}
	}
	found[name] = closed
	refer(closed, func(to string) { reach(all, to, found) })
}

func refer(value any, visit func(string)) {
	switch v := value.(type) {
	case object:
		if to, is := v["$ref"].(string); is {
			visit(strings.TrimPrefix(to, "#/definitions/"))
		}
		for _, member := range v {
			refer(member, visit)
		}
	case []any:
		for _, element := range v {
			refer(element, visit)
		}
	}
}

// closeUp forbids what an object does not name.
func closeUp(value any) any {
	switch v := value.(type) {
	case object:
		copied := object{}
		for name, member := range v {
			copied[name] = closeUp(member)
		}
		_, named := v["properties"].(object)
		open, _ := v["x-kubernetes-preserve-unknown-fields"].(bool)
		if _, said := v["additionalProperties"]; named && !said && !open {
			copied["additionalProperties"] = false
		}
		if v["x-kubernetes-int-or-string"] == true {
			return object{"type": []string{"string", "integer"}}
		}
		return copied
	case []any:
		for i := range v {
			v[i] = closeUp(v[i])
		}
	}
	return value
}

// custom writes the versions of a CustomResourceDefinition.
func custom(out, file string) {
	var crd struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema object `json:"openAPIV3Schema"`
				}
			}
		}
	}
	read(file, &crd)
	for _, version := range crd.Spec.Versions {
		schema := version.Schema.OpenAPIV3Schema
		if properties, is := schema["properties"].(object); is {
			properties["metadata"] = object{"type": "object"}
		}
		write(out, crd.Spec.Names.Kind, crd.Spec.Group, version.Name, closeUp(schema).(object))
	}
}

func read(file string, into any) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		log.Fatalf("%s: %v", file, err)
	}
}

func write(out, kind, group, version string, schema object) {
	if group == "" {
		// kubeconform takes the group of `apiVersion: v1` for `v1`.
		group = version
	}
	text, err := json.Marshal(schema)
	if err == nil {
		name := strings.ToLower(fmt.Sprintf("%s_%s_%s.json", kind, group, version))
		err = os.WriteFile(filepath.Join(out, name), text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

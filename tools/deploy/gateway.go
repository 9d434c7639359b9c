package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// gatewayModule is where the schemas of Gateway API come from, in the version that go.mod pins.
const gatewayModule = "sigs.k8s.io/gateway-api"

// A crdSchema is what a version of a custom resource has to be like, read as the API server reads it.
type crdSchema struct {
	version    string // with its group
	structural *schema.Structural
	types      validation.SchemaValidator
	rules      *cel.Validator
}

// gatewaySchemas returns the schemas, by kind, of the resources of Gateway API that a cluster with its standard channel
// knows and that deploy/kubernetes uses. Their files are in the module, beside its code.
func gatewaySchemas(ctx context.Context) (map[string]*crdSchema, error) {
	var said bytes.Buffer
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", gatewayModule)
	list.Stderr = &said
	dir, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("where is %s: %w: %s", gatewayModule, err, &said)
	}
	schemas := map[string]*crdSchema{}
	for _, plural := range []string{"gateways", "httproutes"} {
		path := filepath.Join(string(bytes.TrimSpace(dir)), "config", "crd", "standard", "gateway.networking.k8s.io_"+plural+".yaml")
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(text, &crd); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		s, err := newCRDSchema(crd)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		schemas[crd.Spec.Names.Kind] = s
	}
	return schemas, nil
}

// newCRDSchema returns the schema of the version in which crd is stored.
func newCRDSchema(crd apiextensionsv1.CustomResourceDefinition) (*crdSchema, error) {
	for _, v := range crd.Spec.Versions {
		if !v.Storage {
			continue
		}
		var props apiextensions.JSONSchemaProps
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, &props, nil); err != nil {
			return nil, err
		}
		structural, err := schema.NewStructural(&props)
		if err != nil {
			return nil, err
		}
		types, _, err := validation.NewSchemaValidator(&props)
		if err != nil {
			return nil, err
		}
		return &crdSchema{
			version: crd.Spec.Group + "/" + v.Name, structural: structural, types: types,
			rules: cel.NewValidator(structural, true, celconfig.PerCallLimit),
		}, nil
	}
	return nil, errors.New("no version of it is stored")
}

// check returns what of a manifest, as JSON, the API server would refuse or not know: another version, fields that the
// schema has not, values of the wrong form, and what breaks one of its rules, with its defaults filled in.
func (s *crdSchema) check(ctx context.Context, manifest []byte) []error {
	var object map[string]any
	if err := json.Unmarshal(manifest, &object); err != nil {
		return []error{err}
	}
	var faults []error
	if object["apiVersion"] != s.version {
		faults = append(faults, fmt.Errorf("is of %v, and what is checked is %s", object["apiVersion"], s.version))
	}
	for _, path := range pruning.PruneWithOptions(object, s.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		faults = append(faults, fmt.Errorf("there is no field %s", path))
	}
	defaulting.Default(object, s.structural)
	for _, fault := range validation.ValidateCustomResource(nil, object, s.types) {
		faults = append(faults, fault)
	}
	broken, _ := s.rules.Validate(ctx, nil, s.structural, object, nil, celconfig.RuntimeCELCostBudget)
	for _, fault := range broken {
		faults = append(faults, fault)
	}
	return faults
}

// Prints how each published Go type of Kubernetes is read and written as JSON: what OpenAPI leaves out (which optional
// fields tell zero from absent). Input of src/kubernetes/data/shapes.json; run beside a go.mod that names k8s.io 0.35.4.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	crd "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/kubernetes/scheme"
	aggregator "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var special = map[string]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time": "time", "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "microTime",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration": "duration", "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1": "raw",
	"k8s.io/apimachinery/pkg/api/resource.Quantity": "quantity", "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "intOrString",
	"k8s.io/apimachinery/pkg/runtime.RawExtension":                                         "raw",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON":                         "json",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool":        "schemaOrBool",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray":       "schemaOrArray",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray": "schemaOrStrings",
}
var out = map[string]map[string]string{}

func name(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }

func describe(t reflect.Type) string {
	if s, ok := special[name(t)]; ok {
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + describe(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + describe(t.Elem())
	case reflect.Map:
		return "{}" + describe(t.Elem())
	case reflect.Struct:
		visit(t)
		return "#" + short(t)
	default:
		return t.Kind().String()
	}
}

func short(t reflect.Type) string {
	p := strings.TrimPrefix(t.PkgPath(), "k8s.io/")
	p = strings.NewReplacer("apiextensions-apiserver/pkg/apis/", "", "kube-aggregator/pkg/apis/", "", "apimachinery/pkg/apis/", "", "api/", "", "apimachinery/pkg/", "").Replace(p)
	return strings.ReplaceAll(p, "/", ".") + "." + t.Name()
}

func visit(t reflect.Type) {
	n := short(t)
	if _, ok := out[n]; ok {
		return
	}
	fields := map[string]string{}
	out[n] = fields
	collect(t, fields)
}

func collect(t reflect.Type, fields map[string]string) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		parts := strings.Split(f.Tag.Get("json"), ",")
		if parts[0] == "-" || (!f.IsExported() && !f.Anonymous) {
			continue
		}
		if parts[0] == "" && f.Anonymous {
			collect(f.Type, fields)
			continue
		}
		if parts[0] == "" {
			continue
		}
		d := describe(f.Type)
		for _, p := range parts[1:] {
			if p == "omitempty" {
				d += "?"
			}
			if p == "omitzero" {
				d += "0"
			}
		}
		fields[parts[0]] = d
	}
}

func main() {
	_ = crd.AddToScheme(scheme.Scheme)
	_ = aggregator.AddToScheme(scheme.Scheme)
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		if gvk.Version == "v1" || gvk.Version == "v2" {
			visit(t)
		}
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	_ = e.Encode(out)
}

package interop

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// markerFormat is what every string of a filled body looks like: an identifier, and base64 too, so that a rule can't
// tell it from either.
const markerFormat = "mk%06d"

func isMarker(s string) bool { return len(s) == 8 && s[:2] == "mk" }

// maxNesting bounds types that hold themselves: a filter of filters, a tool result with blocks in it.
const maxNesting = 3

// A filler makes values of an SDK's parameter types in which every field is set.
type filler struct {
	markers int
	open    map[reflect.Type]int // how often a struct type is on the way to the value being made
}

// bodies returns request bodies made of values of t which together have every field and every variant of every union.
func bodies(t reflect.Type) ([][]byte, error) {
	f := &filler{open: map[reflect.Type]int{}}
	var out [][]byte
	for _, v := range f.values(t) {
		p := reflect.New(t) // some MarshalJSON methods have pointer receivers
		p.Elem().Set(v)
		body, err := json.Marshal(p.Interface())
		if err != nil {
			return nil, fmt.Errorf("%v: %w", t, err)
		}
		out = append(out, body)
	}
	return out, nil
}

// free returns an object for what the API leaves to its user, known by its member "free". The other members have names
// that mean something elsewhere, so that a rule which goes by them alone passes over what it should not.
func (f *filler) free() map[string]any {
	object := map[string]any{f.marker(): f.marker()}
	for _, name := range []string{
		"type", "id", "role", "name", "text", "data", "url", "file_id", "model", "status", "call_id", "tool_use_id", "signature",
		"encrypted_content", "image_url", "file_data", "result", "format", "detail", "ttl", "mode", "value",
	} {
		object[name] = f.marker()
	}
	object["source"] = map[string]any{"type": "base64", "media_type": f.marker(), "data": f.marker(), "url": f.marker()}
	object["cache_control"] = map[string]any{"type": f.marker(), "ttl": f.marker()}
	object["content"] = []any{f.marker(), map[string]any{"type": f.marker(), "text": f.marker(), "id": f.marker()}}
	object["tools"] = []any{map[string]any{"type": f.marker(), "name": f.marker(), "model": f.marker()}}
	object["free"] = map[string]any{"type": f.marker(), f.marker(): f.marker()}
	return object
}

func (f *filler) marker() string {
	f.markers++
	return fmt.Sprintf(markerFormat, f.markers)
}

// values returns values of t which together have all of t's variants: usually one, several where t is or
// holds a union. It returns none where t nests too deeply in itself.
func (f *filler) values(t reflect.Type) []reflect.Value {
	switch t.Kind() {
	case reflect.Struct:
		if f.open[t] >= maxNesting {
			return nil
		}
		f.open[t]++
		defer func() { f.open[t]-- }()
		if isUnion(t) {
			return f.union(t)
		}
		return f.object(t)
	case reflect.Pointer:
		return wrap(f.values(t.Elem()), func(v reflect.Value) reflect.Value {
			p := reflect.New(t.Elem())
			p.Elem().Set(v)
			return p
		})
	case reflect.Slice:
		all := f.values(t.Elem())
		if len(all) == 0 {
			return nil
		}
		return []reflect.Value{reflect.Append(reflect.MakeSlice(t, 0, len(all)), all...)}
	case reflect.Map:
		if t == reflect.TypeFor[map[string]any]() {
			return []reflect.Value{reflect.ValueOf(f.free())}
		}
		m := reflect.MakeMap(t)
		for _, v := range f.values(t.Elem()) {
			m.SetMapIndex(reflect.ValueOf(f.marker()).Convert(t.Key()), v)
		}
		return []reflect.Value{m}
	case reflect.Interface:
		v := reflect.New(t).Elem()
		v.Set(reflect.ValueOf(f.free()))
		return []reflect.Value{v}
	default:
		return []reflect.Value{f.scalar(t)}
	}
}

func (f *filler) scalar(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.String:
		if strings.HasSuffix(t.PkgPath(), "/shared/constant") {
			return v // the zero constant is encoded as what it stands for
		}
		v.SetString(f.marker())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(0.5)
	default:
		panic(fmt.Sprintf("interop: no value for a %v", t))
	}
	return v
}

// union returns a value for each of t's variants.
func (f *filler) union(t reflect.Type) []reflect.Value {
	var out []reflect.Value
	for i := range t.NumField() {
		if !encoded(t.Field(i)) {
			continue
		}
		out = append(out, wrap(f.values(t.Field(i).Type), func(v reflect.Value) reflect.Value {
			u := reflect.New(t).Elem()
			u.Field(i).Set(v)
			return u
		})...)
	}
	return out
}

// object returns as many values as the most varied field needs; the others start again.
func (f *filler) object(t reflect.Type) []reflect.Value {
	if t == reflect.TypeFor[time.Time]() {
		return []reflect.Value{reflect.ValueOf(time.Unix(1700000000, 0).UTC())}
	}
	fields, most := map[int][]reflect.Value{}, 1
	for i := range t.NumField() {
		switch field := t.Field(i); {
		case field.Type == reflect.TypeFor[map[string]any]() && field.Name == extraFields:
			fields[i] = []reflect.Value{reflect.ValueOf(map[string]any{f.marker(): f.free()})}
		case encoded(field):
			fields[i] = f.values(field.Type)
			most = max(most, len(fields[i]))
		}
	}
	out := make([]reflect.Value, most)
	for n := range out {
		out[n] = reflect.New(t).Elem()
		for i, values := range fields {
			if len(values) > 0 {
				out[n].Field(i).Set(values[n%len(values)])
			}
		}
	}
	return out
}

// extraFields is what the SDKs call the field for members of any name, which stand beside the others.
const extraFields = "ExtraFields"

// encoded reports whether a field goes into the body. Fields for the URL and the header are tagged "-", and so is
// extraFields.
func encoded(field reflect.StructField) bool {
	if !field.IsExported() || isMetadata(field.Type) {
		return false
	}
	return field.Tag.Get("json") != "-" || field.Name == extraFields
}

func isMetadata(t reflect.Type) bool {
	return strings.HasSuffix(t.PkgPath(), "/packages/param") && (t.Name() == "APIObject" || t.Name() == "APIUnion")
}

func isUnion(t reflect.Type) bool {
	for i := range t.NumField() {
		if field := t.Field(i); field.Anonymous && isMetadata(field.Type) && field.Type.Name() == "APIUnion" {
			return true
		}
	}
	return false
}

func wrap(values []reflect.Value, with func(reflect.Value) reflect.Value) []reflect.Value {
	out := make([]reflect.Value, len(values))
	for i, v := range values {
		out[i] = with(v)
	}
	return out
}

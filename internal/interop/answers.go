package interop

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// answers returns values of an SDK's type for answers, as encoding/json decodes them into an any, which together have
// every member and every variant of every union. Numbers are 0, so that an event's indexes agree with those of others.
//
// The types can't be filled and encoded as those of requests can: a union is one struct there, in which the members of all of its
// variants are thrown together, and a variant is what one of its methods returns.
func answers(t reflect.Type) []any {
	f := &filler{open: map[reflect.Type]int{}}
	return f.answers(t)
}

func (f *filler) answers(t reflect.Type) []any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return []any{"2023-11-14T22:13:20Z"}
	case t == reflect.TypeFor[json.RawMessage]():
		return []any{f.free()}
	}
	switch t.Kind() {
	case reflect.Struct:
		return f.answerObject(t)
	case reflect.Pointer:
		return f.answers(t.Elem())
	case reflect.Slice:
		if all := f.answers(t.Elem()); len(all) > 0 {
			return []any{all}
		}
		return nil
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return []any{f.free()}
		}
		object := map[string]any{}
		for _, v := range f.answers(t.Elem()) {
			object[f.marker()] = v
		}
		return []any{object}
	case reflect.Interface:
		return []any{f.free()}
	case reflect.String:
		if strings.HasSuffix(t.PkgPath(), "/shared/constant") {
			return []any{constant(t)}
		}
		return []any{f.marker()}
	case reflect.Bool:
		return []any{true}
	case reflect.Int, reflect.Int64, reflect.Float64:
		return []any{0}
	}
	panic(fmt.Sprintf("interop: no answer for a %v", t))
}

// constant returns what a type of the SDKs' package constant stands for.
func constant(t reflect.Type) string {
	encoded, err := json.Marshal(reflect.Zero(t).Interface())
	var s string
	if err == nil {
		err = json.Unmarshal(encoded, &s)
	}
	if err != nil {
		panic(fmt.Sprintf("interop: %v: %v", t, err))
	}
	return s
}

func (f *filler) answerObject(t reflect.Type) []any {
	if f.open[t] >= maxNesting {
		return nil
	}
	f.open[t]++
	defer func() { f.open[t]-- }()
	if variants := variantsOf(t); len(variants) > 0 {
		var all []any
		for _, v := range variants {
			all = append(all, f.answers(v)...)
		}
		return all
	}
	members, most := map[string][]any{}, 1
	f.members(t, members)
	for _, values := range members {
		most = max(most, len(values))
	}
	objects := make([]any, most) // as many as the most varied member needs; the others start again
	for i := range objects {
		object := map[string]any{}
		for name, values := range members {
			if len(values) > 0 {
				object[name] = values[i%len(values)]
			}
		}
		objects[i] = object
	}
	return objects
}

// members adds the members of an object of type t, those of embedded types among them.
func (f *filler) members(t reflect.Type, into map[string][]any) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			f.members(field.Type, into)
		case field.IsExported() && name != "" && name != "-":
			into[name] = f.answers(field.Type)
		}
	}
}

// variantsOf returns the variants of a union, which its methods AsText, AsThinking and so on return; none of other types.
func variantsOf(t reflect.Type) []reflect.Type {
	var variants []reflect.Type
	for i := range t.NumMethod() {
		m := t.Method(i)
		if !strings.HasPrefix(m.Name, "As") || m.Name == "AsAny" || m.Type.NumIn() != 1 || m.Type.NumOut() != 1 {
			continue
		}
		variants = append(variants, m.Type.Out(0))
	}
	return variants
}

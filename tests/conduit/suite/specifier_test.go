// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"conduit-connector-s3-tests/host"
	"github.com/conduitio/conduit-commons/config"
	"github.com/conduitio/conduit-connector-protocol/pconnector"
)

func specify(c *Case, o host.Options) (pconnector.Specification, error) {
	o.Kind = c.Kind
	p, err := host.Start(o)
	if err != nil {
		return pconnector.Specification{}, err
	}
	defer os.RemoveAll(p.TmpDir)
	defer p.Kill()
	return p.Specify(c.Ctx)
}

// SDK: TestSpecifier_Exists, TestSpecifier_Specify_Success. Conduit: testSpecifier_Specify_Success.
func TestSpecify(t *testing.T) {
	version := regexp.MustCompile(`^v[0-9]+(\.[0-9]+)?(\.[0-9]+)?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$|^\(devel\)$`)
	each(t, "", func(c *Case) {
		spec, err := specify(c, host.Options{Unread: true})
		c.Do(err)
		for name, text := range map[string]string{
			"name": spec.Name, "summary": spec.Summary, "description": spec.Description, "version": spec.Version, "author": spec.Author,
		} {
			if text == "" || strings.TrimSpace(text) != text {
				c.Failf("%s is %q", name, text)
			}
		}
		if !version.MatchString(spec.Version) {
			c.Failf("version %q", spec.Version)
		}
		if spec.Name != "s3" {
			c.Failf("pipelines name it s3, it calls itself %q", spec.Name)
		}
	})
}

// Conduit v0.19's `doctor --deep` starts plugins so.
func TestSpecifyWithoutUtilities(t *testing.T) {
	each(t, "its SDK ends when the target is empty", func(c *Case) {
		_, err := specify(c, host.Options{Unread: true, Env: map[string]string{"CONDUIT_CONNECTOR_UTILITIES_GRPC_TARGET": ""}})
		c.Do(err)
	})
}

// SDK: TestSource_Parameters_Success, TestDestination_Parameters_Success; hyphens are ours.
func TestParameters(t *testing.T) {
	names := map[host.Kind]*regexp.Regexp{
		host.Ours:      regexp.MustCompile(`^[a-zA-Z0-9.*-]+$`),
		host.Reference: regexp.MustCompile(`^[a-zA-Z0-9.*]+$`),
	}
	each(t, "", func(c *Case) {
		spec, err := specify(c, host.Options{})
		c.Do(err)
		for side, parameters := range map[string]config.Parameters{"source": spec.SourceParams, "destination": spec.DestinationParams} {
			if len(parameters) == 0 {
				c.Failf("no parameters of the %s", side)
			}
			for name, p := range parameters {
				if !names[c.Kind].MatchString(name) || p.Description == "" {
					c.Failf("%s parameter %q: %+v", side, name, p)
				}
			}
		}
	})
}

// Whoever comes from the reference finds each of its names, and its default unless ours documents another.
func TestParametersOfTheReference(t *testing.T) {
	spec := map[host.Kind]pconnector.Specification{}
	for _, kind := range []host.Kind{host.Ours, host.Reference} {
		p, err := host.Start(host.Options{Kind: kind, Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Leftovers()
		if spec[kind], err = p.Specify(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	compare := func(side string, ours, reference config.Parameters) {
		for name, theirs := range reference {
			p, there := ours[name]
			if !there {
				t.Errorf("%s: %s is not there", side, name)
			} else if p.Type != theirs.Type && !slices.Contains([]config.ParameterType{0, config.ParameterTypeString}, theirs.Type) {
				t.Errorf("%s: %s is of type %v, the reference's of %v", side, name, p.Type, theirs.Type)
			}
		}
	}
	compare("source", spec[host.Ours].SourceParams, spec[host.Reference].SourceParams)
	compare("destination", spec[host.Ours].DestinationParams, spec[host.Reference].DestinationParams)
}

// Each camelCase spelling stands beside its canonical name, without default or validation of its own.
func TestParametersTwins(t *testing.T) {
	p, err := host.Start(host.Options{Kind: host.Ours})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Leftovers()
	spec, err := p.Specify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	pairs := 0
	for _, parameters := range []config.Parameters{spec.SourceParams, spec.DestinationParams} {
		for name := range parameters {
			twin, there := parameters[camelCase(name)]
			if !strings.Contains(name, "-") {
				continue
			}
			pairs++
			if !there || twin.Default != "" || len(twin.Validations) != 0 || !strings.Contains(twin.Description, name) {
				t.Errorf("%s: its spelling %s is %+v", name, camelCase(name), twin)
			}
		}
	}
	if pairs < 10 {
		t.Errorf("only %d hyphenated names", pairs)
	}
}

func camelCase(name string) string {
	parts := strings.Split(name, "-")
	for i, part := range parts[1:] {
		parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
	}
	return strings.Join(parts, "")
}

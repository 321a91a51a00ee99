// SPDX-License-Identifier: Apache-2.0

// Package suite runs connector plugins through everything that Conduit does with them: the acceptance cases of the Go SDK and of
// Conduit's protocol suite, over the wire, and what goes wrong in practice. Ours and the reference run through the same cases. Where
// the reference is known to do otherwise, the case says so; it is still run, and what it did is in the log.
package suite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"conduit-connector-s3-tests/host"
	"github.com/conduitio/conduit-commons/opencdc"
)

var (
	server *host.Server
	schema *host.SchemaService
)

const (
	patience = 30 * time.Second // for what must come
	silence  = 2 * time.Second  // for what must not come
)

func TestMain(m *testing.M) {
	if done := runAsHost(); done {
		return
	}
	os.Unsetenv("TMPDIR") // a plugin inherits it, and it would win over the folder that the test chose
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M) (int, error) {
	var err error
	tiny := "100000"
	if n := os.Getenv("CONDUIT_SUITE_RECORDS"); n != "" {
		tiny = n
	}
	if server, err = host.StartServer("--synth", tiny+",75,tiny", "--synth", "1,67108864,huge", "--synth", "4000,65536,big"); err != nil {
		return 1, err
	}
	defer server.Stop()
	// The only way to tell the reference where the server is.
	os.Setenv("AWS_ENDPOINT_URL_S3", server.Endpoint)
	if schema, err = host.NewSchemaService(); err != nil {
		return 1, err
	}
	defer schema.Close()
	return m.Run(), nil
}

// Case is one run of a test: one connector, one bucket.
type Case struct {
	*testing.T
	Kind   host.Kind
	Bucket *host.Bucket
	Ctx    context.Context
}

type failure struct{ text string }

// Failf ends the case.
func (c *Case) Failf(format string, arguments ...any) {
	_, file, line, _ := runtime.Caller(1)
	panic(failure{fmt.Sprintf("%s:%d: ", filepath.Base(file), line) + fmt.Sprintf(format, arguments...)})
}

// Do ends the case if there is an error.
func (c *Case) Do(err error) {
	if err != nil {
		_, file, line, _ := runtime.Caller(1)
		panic(failure{fmt.Sprintf("%s:%d: %v", filepath.Base(file), line, err)})
	}
}

// known is what the reference is known to do instead; "" where both must pass.
func each(t *testing.T, known string, test func(c *Case)) {
	t.Helper()
	t.Parallel()
	for _, kind := range []host.Kind{host.Ours, host.Reference} {
		one(t, kind, known, test)
	}
}

// eachBucket is each, on an unversioned and on a versioned bucket.
func eachBucket(t *testing.T, known string, test func(c *Case)) {
	t.Helper()
	t.Parallel()
	for _, versioned := range []bool{false, true} {
		name := map[bool]string{false: "unversioned", true: "versioned"}[versioned]
		t.Run(name, func(t *testing.T) {
			each(t, known, func(c *Case) {
				var err error
				c.Bucket, err = server.NewBucket(c.Ctx, versioned)
				c.Do(err)
				test(c)
			})
		})
	}
}

func one(t *testing.T, kind host.Kind, known string, test func(c *Case)) {
	t.Run(string(kind), func(t *testing.T) {
		t.Parallel()
		c := &Case{T: t, Kind: kind, Ctx: t.Context()}
		problem := attempt(c, test)
		switch {
		case problem == "":
		case kind == host.Reference && known != "":
			t.Logf("the reference differs, as known (%s): %s", known, problem)
		default:
			t.Error(problem)
		}
	})
}

func attempt(c *Case, test func(c *Case)) (problem string) {
	defer func() {
		if r := recover(); r != nil {
			f, ours := r.(failure)
			if !ours {
				panic(r)
			}
			problem = f.text
		}
	}()
	test(c)
	return ""
}

// NewBucket for cases that need only one.
func (c *Case) NewBucket() *host.Bucket {
	b, err := server.NewBucket(c.Ctx, true)
	c.Do(err)
	return b
}

// Within runs what must return in this time.
func (c *Case) Within(limit time.Duration, what string, call func() error) {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		if err != nil {
			c.Failf("%s: %v", what, err)
		}
	case <-time.After(limit):
		c.Failf("%s has not returned after %v", what, limit)
	}
}

// NewSource starts a plugin; the test's end kills it.
func (c *Case) NewSource(o host.Options) *host.Source {
	o.Kind = c.Kind
	if o.Schema == nil {
		o.Schema = schema
	}
	s, err := host.NewSource(o)
	c.Do(err)
	c.Cleanup(func() { c.finish(s.Plugin, s.CancelRun) })
	return s
}

// NewDestination starts a plugin; the test's end kills it.
func (c *Case) NewDestination(o host.Options) *host.Destination {
	o.Kind = c.Kind
	if o.Schema == nil {
		o.Schema = schema
	}
	d, err := host.NewDestination(o)
	c.Do(err)
	c.Cleanup(func() { c.finish(d.Plugin, d.CancelRun) })
	return d
}

func (c *Case) finish(p *host.Plugin, cancelRun func()) {
	cancelRun()
	p.Kill()
	os.RemoveAll(p.TmpDir)
	if c.Failed() {
		c.Logf("log of the plugin:\n%s", p.Log)
	}
}

// OpenSource is a source that reads the case's bucket from this position.
func (c *Case) OpenSource(position opencdc.Position, more ...string) *host.Source {
	s := c.NewSource(host.Options{})
	c.Do(s.Begin(c.Ctx, c.Bucket.Config(more...), position))
	return s
}

// OpenDestination is a destination that writes into the case's bucket.
func (c *Case) OpenDestination(o host.Options, more ...string) *host.Destination {
	d := c.NewDestination(o)
	c.Do(d.Begin(c.Ctx, c.Bucket.Config(append([]string{"format", "json"}, more...)...)))
	return d
}

// EndSource is a graceful stop and the end of the process; it returns the records that still came.
func (c *Case) EndSource(s *host.Source, last opencdc.Position) []opencdc.Record {
	rest, err := s.StopAndDrain(c.Ctx, last)
	c.Do(err)
	c.Within(20*time.Second, "Teardown", func() error { return s.TearDown(context.Background()) })
	c.Do(s.Leftovers())
	return rest
}

// EndDestination is a graceful stop and the end of the process.
func (c *Case) EndDestination(d *host.Destination, last opencdc.Position) {
	c.Within(20*time.Second, "Stop", func() error { return d.StopAt(context.Background(), last) })
	c.Within(20*time.Second, "Teardown", func() error { return d.TearDown(context.Background()) })
	c.Do(d.Leftovers())
}

// objects makes n of them.
func objects(prefix string, n int) map[string][]byte {
	made := make(map[string][]byte, n)
	for i := range n {
		made[fmt.Sprintf("%s/%04d", prefix, i)] = []byte(fmt.Sprintf("%s body %d", prefix, i))
	}
	return made
}

// Same checks that the records are these objects, each once, in any order.
func (c *Case) Same(want map[string][]byte, got []opencdc.Record) {
	seen := map[string]string{}
	for _, r := range got {
		key := string(r.Key.Bytes())
		if _, twice := seen[key]; twice {
			c.Failf("%q came twice", key)
		}
		seen[key] = string(r.Payload.After.Bytes())
		if body, known := want[key]; !known || string(body) != seen[key] {
			c.Failf("%q came with %q, expected %q", key, seen[key], body)
		}
	}
	for key := range want {
		if _, came := seen[key]; !came {
			c.Failf("%q did not come; %d of %d did", key, len(seen), len(want))
		}
	}
}

// Unique checks that no position comes twice, and collects them.
func (c *Case) Unique(positions map[string]bool, records []opencdc.Record) {
	for _, r := range records {
		if positions[string(r.Position)] {
			c.Failf("position %q came twice", r.Position)
		}
		positions[string(r.Position)] = true
	}
}

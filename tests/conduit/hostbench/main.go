// SPDX-License-Identifier: Apache-2.0

// hostbench measures one connector process: it is Conduit's client that reads, or writes, as fast as the plugin allows.
//
//	hostbench -kind ours|reference -side source|destination -bucket NAME -count N [-size BYTES] [-batch N] [-set NAME=VALUE]
//
// The server is AWS_ENDPOINT_URL_S3 (an S3 stand-in; a source's bucket has been filled). One line of JSON on standard output; CPU is the
// plugin's own, from the first to the last record, all its threads.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"conduit-connector-s3-tests/host"
	"github.com/conduitio/conduit-commons/config"
	"github.com/conduitio/conduit-commons/opencdc"
)

const patience = time.Minute

var (
	kind   = flag.String("kind", "ours", "ours or reference")
	side   = flag.String("side", "source", "source or destination")
	bucket = flag.String("bucket", "", "the bucket")
	count  = flag.Int("count", 1000, "records")
	size   = flag.Int("size", 75, "bytes of a payload (destination)")
	batch  = flag.Int("batch", 1, "records in a message")
	set    = flag.String("set", "", "one more setting, NAME=VALUE")
)

type figures struct {
	Records     int     `json:"records"`
	Seconds     float64 `json:"seconds"`
	CPU         float64 `json:"cpu_us_per_record"`
	HandshakeMS float64 `json:"handshake_ms"`
	IdleRSS     int     `json:"idle_rss_kib"`
	RSS         int     `json:"rss_kib"`
}

func main() {
	flag.Parse()
	schema, err := host.NewSchemaService()
	if err == nil {
		var f figures
		if f, err = measure(host.Options{Kind: host.Kind(*kind), LogLevel: "warn", Schema: schema}); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(f)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hostbench:", err)
		os.Exit(1)
	}
}

func settings() config.Config {
	server := &host.Server{Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3")}
	c := server.Synthetic(*bucket).Config()
	switch {
	case *side == "destination": // files of 1,000 records, however they arrive
		c["sdk.batch.size"], c["sdk.batch.delay"] = "1000", "1s"
	case *batch > 1:
		c["sdk.batch.size"], c["sdk.batch.delay"] = strconv.Itoa(*batch), "1s"
	}
	if *side == "destination" {
		c["format"] = "json"
	}
	if name, value, given := strings.Cut(*set, "="); given {
		c[name] = value
	}
	return c
}

func measure(o host.Options) (figures, error) {
	begun := time.Now()
	if *side == "source" {
		s, err := host.NewSource(o)
		if err != nil {
			return figures{}, err
		}
		defer s.Leftovers()
		return drive(s.Plugin, time.Since(begun), s.CancelRun, func() error {
			return s.Begin(context.Background(), settings(), nil)
		}, func() error { return read(s) })
	}
	d, err := host.NewDestination(o)
	if err != nil {
		return figures{}, err
	}
	defer d.Leftovers()
	return drive(d.Plugin, time.Since(begun), d.CancelRun, func() error {
		return d.Begin(context.Background(), settings())
	}, func() error { return write(d) })
}

// drive opens the plugin and measures what `work` costs it. For a source, Begin lets it work ahead as far as its windows go, so CPU counts from before it.
func drive(p *host.Plugin, handshake time.Duration, cancel func(), begin, work func() error) (figures, error) {
	defer cancel()
	f := figures{Records: *count, HandshakeMS: float64(handshake.Microseconds()) / 1000, IdleRSS: status(p, "VmRSS")}
	before := cpu(p)
	begun := time.Now()
	if err := begin(); err != nil {
		return f, err
	}
	if err := work(); err != nil {
		return f, err
	}
	f.Seconds = time.Since(begun).Seconds()
	f.CPU = float64((cpu(p) - before).Nanoseconds()) / 1000 / float64(*count)
	f.RSS = status(p, "VmHWM")
	return f, nil
}

func read(s *host.Source) error {
	for got := 0; got < *count; {
		select {
		case records, open := <-s.Messages:
			if !open {
				return s.RunError
			}
			got += len(records)
			if err := s.AckAll(records); err != nil {
				return err
			}
		case <-time.After(patience):
			return fmt.Errorf("%d of %d records, then nothing", got, *count)
		}
	}
	return nil
}

func write(d *host.Destination) error {
	payload := opencdc.RawData(bytes.Repeat([]byte("x"), *size))
	sent := make([]opencdc.Record, *count)
	for i := range sent {
		sent[i] = opencdc.Record{
			Position: opencdc.Position(fmt.Sprintf("position-%08d", i)), Operation: opencdc.OperationCreate,
			Metadata: opencdc.Metadata{"opencdc.version": "v1", "opencdc.readAt": "1700000000000000000"},
			Key:      opencdc.RawData(fmt.Sprintf("key-%08d", i)), Payload: opencdc.Change{After: payload},
		}
	}
	failure := make(chan error, 1)
	go func() {
		for i := 0; i < len(sent); i += *batch {
			if err := d.Send(sent[i:min(i+*batch, len(sent))]...); err != nil {
				failure <- err
				return
			}
		}
		failure <- nil
	}()
	failed, err := d.TakeAcks(sent, patience)
	if err == nil && len(failed) > 0 {
		err = fmt.Errorf("%d records were refused: %v", len(failed), failed[0])
	}
	if err == nil {
		err = <-failure
	}
	return err
}

// cpu of all threads there are; the scheduler counts it in nanoseconds.
func cpu(p *host.Plugin) (used time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.Pid()))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if fields := strings.Fields(string(text)); len(fields) > 0 {
			ns, _ := strconv.ParseInt(fields[0], 10, 64)
			used += time.Duration(ns)
		}
	}
	return used
}

func status(p *host.Plugin, name string) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	_, after, _ := strings.Cut(string(text), name+":")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.Atoi(fields[0])
	return kib
}

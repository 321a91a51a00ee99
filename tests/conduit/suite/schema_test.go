// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"strings"
	"testing"

	"conduit-connector-s3-tests/host"
	"github.com/conduitio/conduit-commons/opencdc"
)

const order = `{"type":"record","name":"order","fields":[{"name":"id","type":"long"},{"name":"item","type":"string"},
	{"name":"price","type":["null","double"]},{"name":"tags","type":{"type":"array","items":"string"}}]}`

// encoded is a record whose payload and key are Avro, as sources of the SDK send structured data.
func encoded(c *Case, subject string, n int) (opencdc.Record, opencdc.StructuredData) {
	made, err := schema.Register(subject, order)
	c.Do(err)
	data := opencdc.StructuredData{"id": float64(n), "item": "nail \u00e4", "price": 1.25, "tags": []any{"a", "b"}}
	bytes, err := made.Marshal(map[string]any{"id": int64(n), "item": "nail \u00e4", "price": 1.25, "tags": []string{"a", "b"}})
	c.Do(err)
	r := records(1)[0]
	r.Position = opencdc.Position(fmt.Sprint("avro-", n))
	r.Key = nil
	r.Payload.After = opencdc.RawData(bytes)
	r.Metadata = opencdc.Metadata{
		"opencdc.payload.schema.subject": made.Subject,
		"opencdc.payload.schema.version": fmt.Sprint(made.Version),
	}
	return r, data
}

// Data that comes as Avro with a subject and a version is written as the JSON that it means.
func TestSchemaDecode(t *testing.T) {
	each(t, "a missing key crashes it", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{})
		var sent, want []opencdc.Record
		for i := range 5 {
			r, data := encoded(c, c.Bucket.Name+".payload", i)
			sent = append(sent, r)
			r.Payload.After = data
			want = append(want, r)
		}
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		c.EndDestination(d, sent[4].Position)
		c.Stored(want)
	})
}

// sdk.schema.extract.payload.enabled = false: the bytes stay what they are.
func TestSchemaOff(t *testing.T) {
	each(t, "a missing key crashes it", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{}, "sdk.schema.extract.payload.enabled", "false")
		r, _ := encoded(c, c.Bucket.Name+".payload", 1)
		c.Do(d.Send(r))
		c.Acked(d, []opencdc.Record{r})
		c.EndDestination(d, r.Position)
		c.Stored([]opencdc.Record{r})
	})
}

// What cannot be decoded is refused with the reason; what follows is written.
func TestSchemaProblems(t *testing.T) {
	each(t, "it takes bytes that are no such record", func(c *Case) {
		for what, spoil := range map[string]func(*opencdc.Record){
			"not found":                func(r *opencdc.Record) { r.Metadata["opencdc.payload.schema.version"] = "99" },
			"schema subject not found": func(r *opencdc.Record) { r.Metadata["opencdc.payload.schema.subject"] = "nobody" },
			"decode": func(r *opencdc.Record) {
				r.Payload.After = opencdc.RawData("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
			},
		} {
			c.Bucket = c.NewBucket()
			d := c.OpenDestination(host.Options{})
			bad, _ := encoded(c, c.Bucket.Name+".payload", 1)
			bad.Key = opencdc.RawData("k")
			spoil(&bad)
			c.Do(d.Send(bad))
			failed, err := d.TakeAcks([]opencdc.Record{bad}, patience)
			c.Do(err)
			if !strings.Contains(failed[0], what) {
				c.Failf("%s: the reason is %q", what, failed[0])
			}
			good := records(1)
			c.Do(d.Send(good...))
			c.Acked(d, good)
			c.EndDestination(d, good[0].Position)
			c.Stored(good)
		}
	})
}

// A service that cannot be reached fails the records that need it, and only those.
func TestSchemaServiceDown(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		gone, err := host.NewSchemaService()
		c.Do(err)
		d := c.OpenDestination(host.Options{Schema: gone})
		gone.Close()
		r, _ := encoded(c, c.Bucket.Name+".payload", 1)
		r.Key = opencdc.RawData("k")
		c.Do(d.Send(r))
		failed, err := d.TakeAcks([]opencdc.Record{r}, 2*patience)
		c.Do(err)
		if failed[0] == "" {
			c.Failf("it was accepted")
		}
		raw := records(1)
		c.Do(d.Send(raw...))
		c.Acked(d, raw)
		c.EndDestination(d, raw[0].Position)
	})
}

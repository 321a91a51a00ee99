// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"conduit-connector-s3-tests/host"
	"github.com/conduitio/conduit-commons/opencdc"
	"github.com/conduitio/conduit-connector-protocol/pconnector"
)

// records makes n of them; every third has structured data.
func records(n int) []opencdc.Record {
	made := make([]opencdc.Record, n)
	for i := range made {
		var after opencdc.Data = opencdc.RawData(fmt.Sprintf("payload %d <&> \u00e4", i))
		if i%3 == 2 {
			after = opencdc.StructuredData{"n": float64(i), "text": "a \"quoted\" text", "list": []any{true, nil, 1.5}}
		}
		made[i] = opencdc.Record{
			Position:  opencdc.Position(fmt.Sprintf("position-%06d", i)),
			Operation: opencdc.OperationSnapshot,
			Metadata:  opencdc.Metadata{"n": fmt.Sprint(i)},
			Key:       opencdc.RawData(fmt.Sprintf("key-%d", i)),
			Payload:   opencdc.Change{After: after},
		}
	}
	return made
}

// Stored checks that the bucket's files hold these records, each once, in this order.
func (c *Case) Stored(want []opencdc.Record) {
	lines, err := c.Bucket.Lines(c.Ctx)
	c.Do(err)
	if len(lines) != len(want) {
		c.Failf("%d records are stored, %d were given", len(lines), len(want))
	}
	for i, line := range lines {
		r := want[i]
		if line.PositionBytes() != string(r.Position) || line.Operation != r.Operation.String() {
			c.Failf("record %d is %+v, expected %q", i, line, r.Position)
		}
		if r.Key != nil && line.KeyBytes() != string(r.Key.Bytes()) {
			c.Failf("key of record %d is %q, expected %q", i, line.KeyBytes(), r.Key.Bytes())
		}
		c.samePayload(i, line, r.Payload.After)
		for name, value := range r.Metadata {
			if line.Metadata[name] != value {
				c.Failf("metadata of record %d is %v, expected %v", i, line.Metadata, r.Metadata)
			}
		}
	}
}

func (c *Case) samePayload(i int, line host.Line, want opencdc.Data) {
	switch want := want.(type) {
	case nil:
		if line.Payload != nil {
			c.Failf("payload of record %d is %q, expected null", i, *line.Payload)
		}
	case opencdc.StructuredData:
		var got map[string]any
		if err := json.Unmarshal([]byte(line.PayloadBytes()), &got); err != nil {
			c.Failf("payload of record %d: %v", i, err)
		}
		// Both texts through the same writer: the order of fields is no matter.
		gotText, _ := json.Marshal(got)
		wantText, _ := json.Marshal(map[string]any(want))
		if string(gotText) != string(wantText) {
			c.Failf("payload of record %d is %s, expected %s", i, gotText, wantText)
		}
	default:
		if line.PayloadBytes() != string(want.Bytes()) {
			c.Failf("payload of record %d is %q, expected %q", i, line.PayloadBytes(), want.Bytes())
		}
	}
}

// Acked waits for the acknowledgements of these records, all of them good.
func (c *Case) Acked(d *host.Destination, sent []opencdc.Record) {
	failed, err := d.TakeAcks(sent, patience)
	c.Do(err)
	for i, why := range failed {
		c.Failf("record %d was refused: %s", i, why)
	}
}

// SDK: TestDestination_Configure_Success. Conduit: testDestination_Configure_Success, Teardown_Success.
func TestDestinationConfigure(t *testing.T) {
	eachBucket(t, "", func(c *Case) {
		d := c.NewDestination(host.Options{ConnectorID: "validate-destination-config"})
		_, err := d.Configure(c.Ctx, pconnector.DestinationConfigureRequest{
			Config: c.Bucket.Config("format", "json", "prefix", "p", "sdk.batch.size", "10", "sdk.batch.delay", "1s", "sdk.rate.perSecond", "1000"),
		})
		c.Do(err)
		c.Do(d.TearDown(c.Ctx))
		c.Do(d.Leftovers())
	})
}

// SDK: TestDestination_Configure_RequiredParams. Conduit: testDestination_Configure_Fail.
func TestDestinationConfigureRequired(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		spec, err := specify(c, host.Options{})
		c.Do(err)
		names := required(spec.DestinationParams)
		if len(names) == 0 {
			c.Failf("nothing is required")
		}
		for _, name := range names {
			settings := c.Bucket.Config("format", "json")
			delete(settings, name)
			d := c.NewDestination(host.Options{})
			_, err := d.Configure(c.Ctx, pconnector.DestinationConfigureRequest{Config: settings})
			if err == nil {
				c.Failf("accepted without %s", name)
			}
			c.Do(d.TearDown(c.Ctx))
			c.Do(d.Leftovers())
		}
	})
}

// Each wrong setting of the middleware is named, all at once.
func TestDestinationConfigureProblems(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.NewDestination(host.Options{})
		_, err := d.Configure(c.Ctx, pconnector.DestinationConfigureRequest{Config: c.Bucket.Config(
			"format", "csv", "sdk.batch.size", "-5", "sdk.batch.delay", "later", "sdk.rate.perSecond", "many",
			"sdk.schema.extract.key.enabled", "perhaps", "nobody.knows.this", "1")})
		for _, part := range []string{"config invalid", "format", "sdk.batch.size", "sdk.batch.delay", "sdk.rate.perSecond",
			"sdk.schema.extract.key.enabled", "nobody.knows.this"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				c.Failf("no word of %q in: %v", part, err)
			}
		}
		c.Do(d.TearDown(c.Ctx))
	})
}

// SDK: TestDestination_Write_Success. Conduit: testDestination_Open_Success, Run_Success, StreamRecv_Success.
func TestDestinationWrite(t *testing.T) {
	eachBucket(t, "", func(c *Case) {
		d := c.OpenDestination(host.Options{})
		sent := records(20)
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		c.EndDestination(d, sent[19].Position)
		c.Stored(sent)
	})
}

// One record a message, as pipelines of architecture 1 send them, and all operations.
func TestDestinationWriteSingly(t *testing.T) {
	eachBucket(t, "without middleware each record becomes a file, whose names may sort otherwise", func(c *Case) {
		d := c.OpenDestination(host.Options{})
		sent := records(300)
		for i := range sent {
			sent[i].Operation = opencdc.Operation(1 + i%4)
			c.Do(d.Send(sent[i]))
		}
		c.Acked(d, sent)
		c.EndDestination(d, sent[299].Position)
		c.Stored(sent)
	})
}

// What records may lack, and bytes that are no text.
func TestDestinationOddRecords(t *testing.T) {
	each(t, "a missing key or payload crashes it, and bytes that are not UTF-8 are replaced", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{})
		sent := []opencdc.Record{
			{Position: opencdc.Position("bytes\xff\x00"), Operation: opencdc.OperationCreate, Metadata: opencdc.Metadata{"a": "b"},
				Key: opencdc.RawData("\xfe"), Payload: opencdc.Change{After: opencdc.RawData("\x00\xff\n")}},
			{Position: opencdc.Position("delete"), Operation: opencdc.OperationDelete, Metadata: opencdc.Metadata{"a": "b"},
				Key: opencdc.RawData("k"), Payload: opencdc.Change{Before: opencdc.RawData("old")}},
			{Position: opencdc.Position("nothing"), Operation: opencdc.OperationUpdate, Metadata: opencdc.Metadata{"a": "b"}},
		}
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		c.EndDestination(d, sent[2].Position)
		c.Stored(sent)
	})
}

// Conduit: testDestination_Open_Fail. The bucket went away after Configure.
func TestDestinationOpenFail(t *testing.T) {
	each(t, "it does not look at the bucket before the first record", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.NewDestination(host.Options{})
		_, err := d.Configure(c.Ctx, pconnector.DestinationConfigureRequest{Config: c.Bucket.Config("format", "json")})
		c.Do(err)
		c.Do(c.Bucket.Remove(c.Ctx))
		if _, err = d.Open(c.Ctx, pconnector.DestinationOpenRequest{}); err == nil || !strings.Contains(err.Error(), c.Bucket.Name) {
			c.Failf("the bucket is gone: %v", err)
		}
		c.Do(d.TearDown(c.Ctx))
		c.Do(d.Leftovers())
	})
}

// Conduit: testDestination_StreamRecv_WithError. A refused file fails each of its records, with the reason; the stream goes on.
func TestDestinationNack(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		c.Do(server.Fault("kind", "status", "status", "403", "code", "AccessDenied", "op", "PutObject", "bucket", c.Bucket.Name))
		d := c.OpenDestination(host.Options{})
		sent := records(6)
		c.Do(d.Send(sent[:3]...))
		failed, err := d.TakeAcks(sent[:3], patience)
		c.Do(err)
		for i := range 3 {
			if !strings.Contains(failed[i], "AccessDenied") {
				c.Failf("the reason of record %d is %q", i, failed[i])
			}
		}
		c.Do(d.Send(sent[3:]...))
		c.Acked(d, sent[3:])
		c.EndDestination(d, sent[5].Position)
		c.Stored(sent[3:])
	})
}

// What S3 refuses for a moment is sent again; the host hears nothing of it.
func TestDestinationRetries(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		c.Do(server.Fault("kind", "slowdown", "op", "PutObject", "bucket", c.Bucket.Name, "count", "2"))
		d := c.OpenDestination(host.Options{})
		sent := records(3)
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		c.EndDestination(d, sent[2].Position)
		c.Stored(sent)
	})
}

// Stop writes what is buffered at once, and answers when it is acknowledged.
func TestDestinationStopFlushes(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{}, "sdk.batch.size", "1000", "sdk.batch.delay", "50s")
		sent := records(7)
		c.Do(d.Send(sent...))
		if _, err := d.NextAck(silence); !errors.Is(err, host.ErrSilent) && c.Kind == host.Ours {
			c.Logf("acknowledged before the batch was full: a batch waits for file.max-idle at most")
		} else if err == nil {
			c.Failf("acknowledged before the batch was full")
		} else {
			c.Within(20*time.Second, "Stop", func() error { return d.StopAt(context.Background(), sent[6].Position) })
			c.Acked(d, sent)
		}
		c.Within(20*time.Second, "Teardown", func() error { return d.TearDown(context.Background()) })
		c.Stored(sent)
	})
}

const stopWithEmptyBatch = "with batching on and an empty buffer, Stop waits a minute and fails"

// Stop with nothing in the buffer answers at once.
func TestDestinationStopEmpty(t *testing.T) {
	each(t, stopWithEmptyBatch, func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{}, "sdk.batch.size", "10", "sdk.batch.delay", "1s")
		c.EndDestination(d, nil)

		d = c.OpenDestination(host.Options{}, "sdk.batch.size", "10", "sdk.batch.delay", "1s")
		sent := records(3)
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		c.EndDestination(d, sent[2].Position)
	})
}

// Hosts have been seen to name a position that they never gave.
func TestDestinationStopAtUnknownPosition(t *testing.T) {
	each(t, "it waits a minute for it and fails", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{})
		sent := records(3)
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		c.Within(20*time.Second, "Stop", func() error {
			_ = d.StopAt(context.Background(), opencdc.Position("never given"))
			return nil
		})
		c.Within(20*time.Second, "Teardown", func() error { return d.TearDown(context.Background()) })
		c.Do(d.Leftovers())
	})
}

// Stop may come before Run, and a message without records must do nothing.
func TestDestinationOddCalls(t *testing.T) {
	each(t, "both crash it", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{})
		sent := records(1)
		c.Do(d.Send())
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		c.EndDestination(d, sent[0].Position)

		d = c.NewDestination(host.Options{})
		c.Do(d.ConfigureAndOpen(c.Ctx, c.Bucket.Config("format", "json")))
		c.Within(20*time.Second, "Stop", func() error {
			_ = d.StopAt(context.Background(), nil)
			return nil
		})
		c.Do(d.TearDown(c.Ctx))
		c.Do(d.Leftovers())
	})
}

// Conduit: testDestination_Lifecycle_*.
func TestDestinationLifecycle(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		settings := c.Bucket.Config("format", "json")
		d := c.NewDestination(host.Options{})
		_, err := d.Configure(c.Ctx, pconnector.DestinationConfigureRequest{Config: settings})
		c.Do(err)
		_, err = d.LifecycleOnCreated(c.Ctx, pconnector.DestinationLifecycleOnCreatedRequest{Config: settings})
		c.Do(err)
		_, err = d.LifecycleOnUpdated(c.Ctx, pconnector.DestinationLifecycleOnUpdatedRequest{ConfigBefore: settings, ConfigAfter: settings})
		c.Do(err)
		c.Do(d.TearDown(c.Ctx))

		d = c.NewDestination(host.Options{})
		_, err = d.LifecycleOnDeleted(c.Ctx, pconnector.DestinationLifecycleOnDeletedRequest{Config: settings})
		c.Do(err)
		c.Do(d.TearDown(c.Ctx))
		c.Do(d.Leftovers())
	})
}

// Conduit: testDestination_Run_Fail, and every other call out of its turn.
func TestDestinationOrder(t *testing.T) {
	each(t, "its destination does not check the order of Configure, Open and Run", func(c *Case) {
		c.Bucket = c.NewBucket()
		settings := c.Bucket.Config("format", "json")
		for i, calls := range [][]func(*host.Destination) error{
			{destinationOpen},
			{destinationConfigure(settings), destinationConfigure(settings)},
			{destinationConfigure(settings), destinationOpen, destinationOpen},
			{destinationRun},
			{destinationConfigure(settings), destinationRun},
		} {
			d := c.NewDestination(host.Options{})
			for j, call := range calls {
				err := call(d)
				if last := j == len(calls)-1; last && (err == nil || !strings.Contains(err.Error(), "expected connector state")) {
					c.Failf("order %d: %v", i, err)
				} else if !last {
					c.Do(err)
				}
			}
			c.Within(20*time.Second, "Teardown", func() error { return d.TearDown(context.Background()) })
			c.Do(d.Leftovers())
		}
	})
}

func destinationConfigure(settings map[string]string) func(*host.Destination) error {
	return func(d *host.Destination) error {
		_, err := d.Configure(context.Background(), pconnector.DestinationConfigureRequest{Config: settings})
		return err
	}
}

func destinationOpen(d *host.Destination) error {
	_, err := d.Open(context.Background(), pconnector.DestinationOpenRequest{})
	return err
}

func destinationRun(d *host.Destination) error {
	if err := d.StartRun(); err != nil {
		return err
	}
	d.Receive()
	_, err := d.NextAck(patience)
	return err
}

// Teardown may come in any state, with Run alive and records not yet written.
func TestDestinationTeardownAnyTime(t *testing.T) {
	each(t, "Teardown with Run alive waits a minute and fails", func(c *Case) {
		c.Bucket = c.NewBucket()
		teardown := func(d *host.Destination) {
			c.Within(20*time.Second, "Teardown", func() error {
				_, err := d.Teardown(context.Background(), pconnector.DestinationTeardownRequest{})
				return err
			})
			c.Do(d.Leftovers())
		}
		teardown(c.NewDestination(host.Options{}))
		d := c.NewDestination(host.Options{})
		c.Do(d.ConfigureAndOpen(c.Ctx, c.Bucket.Config("format", "json")))
		teardown(d)
		d = c.OpenDestination(host.Options{}, "sdk.batch.size", "1000", "sdk.batch.delay", "50s")
		c.Do(d.Send(records(3)...))
		teardown(d)
	})
}

// A forced stop: Run is cancelled, Shutdown follows, Teardown never comes.
func TestDestinationForcedStop(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{})
		d.CancelRun()
		c.Do(d.Leftovers())
	})
}

// sdk.rate.*: what may be written in a moment is the burst, then as many a second as were named.
func TestDestinationRate(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{}, "sdk.rate.perSecond", "20", "sdk.rate.burst", "10")
		sent := records(50)
		begun := time.Now()
		for _, r := range sent {
			c.Do(d.Send(r))
		}
		c.Acked(d, sent)
		// (50 - 10) / 20 = 2 s; nothing can make it faster, so this is no matter of the machine's speed.
		if took := time.Since(begun); took < 1900*time.Millisecond {
			c.Failf("50 records took %v", took)
		}
		c.EndDestination(d, sent[49].Position)
	})
}

// sdk.batch.size: full batches are written without waiting.
func TestDestinationBatch(t *testing.T) {
	each(t, stopWithEmptyBatch, func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{}, "sdk.batch.size", "10", "sdk.batch.delay", "30s")
		sent := records(40)
		for _, r := range sent {
			c.Do(d.Send(r))
		}
		c.Acked(d, sent)
		objects, err := c.Bucket.Objects(c.Ctx)
		c.Do(err)
		if len(objects) != 4 {
			c.Failf("%d files of 40 records, expected 4", len(objects))
		}
		c.EndDestination(d, sent[39].Position)
		c.Stored(sent)
	})
}

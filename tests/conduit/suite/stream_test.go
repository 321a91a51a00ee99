// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"conduit-connector-s3-tests/host"
	"github.com/conduitio/conduit-commons/opencdc"
	"github.com/conduitio/conduit-connector-protocol/pconnector"
)

// 64 MiB in one record, out of S3 and into it.
func TestHugeRecord(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = server.Synthetic("huge")
		s := c.OpenSource(nil)
		r, err := s.Next(2 * patience)
		c.Do(err)
		if len(r.Payload.After.Bytes()) != 64<<20 {
			c.Failf("%d bytes", len(r.Payload.After.Bytes()))
		}
		c.EndSource(s, r.Position)

		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{MaxReceive: 128 << 20}, "prefix", "out")
		sent := records(1)
		sent[0].Payload.After = opencdc.RawData(bytes.Repeat([]byte("0123456789abcdef"), 4<<20))
		c.Do(d.Send(sent...))
		failed, err := d.TakeAcks(sent, 2*patience)
		c.Do(err)
		if len(failed) > 0 {
			c.Failf("refused: %v", failed)
		}
		c.EndDestination(d, sent[0].Position)
		c.Stored(sent)
	})
}

// A message beyond the limit ends Run with gRPC's own words, and nothing else.
func TestMessageBeyondTheLimit(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{MaxReceive: 1 << 20})
		sent := records(1)
		sent[0].Payload.After = opencdc.RawData(make([]byte, 2<<20))
		c.Do(d.Send(sent...))
		_, err := d.NextAck(patience)
		if err == nil || !strings.Contains(err.Error(), "larger than max") {
			c.Failf("%v", err)
		}
		c.Do(d.TearDown(c.Ctx))
		c.Do(d.Leftovers())
	})
}

// many is how many records ours gets, unless CONDUIT_SUITE_RECORDS says so; the reference gets at most `most`, because it is slower by so much.
func many(c *Case, n, most int) int {
	if more, err := strconv.Atoi(os.Getenv("CONDUIT_SUITE_RECORDS")); err == nil {
		n = more
	}
	if c.Kind == host.Reference {
		n = min(n, most)
	}
	return n
}

// tiny makes records that share everything but their position.
func tiny(n int) []opencdc.Record {
	made := make([]opencdc.Record, n)
	metadata, payload := opencdc.Metadata{"opencdc.version": "v1"}, opencdc.RawData("payload")
	for i := range made {
		made[i] = opencdc.Record{
			Position: opencdc.Position(fmt.Sprintf("%08d", i)), Operation: opencdc.OperationCreate, Metadata: metadata,
			Key: payload, Payload: opencdc.Change{After: payload},
		}
	}
	return made
}

// Tiny records in great number, each acknowledged; in order, none twice, none lost.
func TestManyRecordsWritten(t *testing.T) {
	each(t, stopWithEmptyBatch, func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{}, "sdk.batch.size", "1000", "sdk.batch.delay", "1s")
		sent := tiny(many(c, 1000000, 100000))
		go func() {
			for i := 0; i < len(sent); i += 100 {
				if d.Send(sent[i:min(i+100, len(sent))]...) != nil {
					return // the acknowledgements will be missing
				}
			}
		}()
		c.Acked(d, sent)
		c.EndDestination(d, sent[len(sent)-1].Position)
		c.StoredPositions(sent)
	})
}

// StoredPositions is Stored for great numbers: the positions in the files, in order.
func (c *Case) StoredPositions(want []opencdc.Record) {
	i := 0
	c.Do(c.Bucket.EachLine(c.Ctx, func(line host.Line) {
		if i < len(want) && line.PositionBytes() != string(want[i].Position) {
			c.Failf("record %d is %q, expected %q", i, line.PositionBytes(), want[i].Position)
		}
		i++
	}))
	if i != len(want) {
		c.Failf("%d records are stored, %d were given", i, len(want))
	}
}

func TestManyRecordsRead(t *testing.T) {
	for _, batch := range []string{"0", "1000"} {
		t.Run("batch "+batch, func(t *testing.T) {
			each(t, "", func(c *Case) {
				c.Bucket = server.Synthetic("tiny")
				n := many(c, 100000, 2000)
				s := c.OpenSource(nil, "sdk.batch.size", batch, "sdk.batch.delay", "100ms")
				positions := map[string]bool{}
				last := ""
				for len(positions) < n {
					r, err := s.Next(patience)
					c.Do(err)
					if key := string(r.Key.Bytes()); key <= last || positions[string(r.Position)] {
						c.Failf("%s came after %s", key, last)
					}
					last = string(r.Key.Bytes())
					positions[string(r.Position)] = true
				}
				c.Do(s.TearDown(c.Ctx))
				c.Do(s.Leftovers())
			})
		})
	}
}

// A host that does not read: the plugin must hold its memory, and give everything once it is read.
func TestSlowReader(t *testing.T) {
	each(t, "its memory is whatever its buffers come to", func(c *Case) {
		c.Bucket = server.Synthetic("big") // 4,000 x 64 KiB = 250 MiB
		s := c.NewSource(host.Options{})
		settings := c.Bucket.Config()
		if c.Kind == host.Ours {
			settings["memory.limit"] = "16MiB"
		}
		c.Do(s.ConfigureAndOpen(c.Ctx, settings, nil))
		c.Do(s.StartRun())
		time.Sleep(2 * time.Second)
		c.Do(s.Ping())
		if mib := residentMiB(c, s.Pid()); mib > 40 {
			c.Failf("%d MiB resident with a limit of 16", mib)
		}
		s.Receive()
		got, err := s.Take(1000, patience)
		c.Do(err)
		time.Sleep(time.Second) // 64 more wait in this process, the rest in the plugin
		rest, err := s.Take(3000, patience)
		c.Do(err)
		c.Unique(map[string]bool{}, append(got, rest...))
		if mib := residentMiB(c, s.Pid()); mib > 48 {
			c.Failf("%d MiB resident in the end", mib)
		}
		c.EndSource(s, rest[2999].Position)
	})
}

// A host that never reads, and then goes on to the end: what waits to be sent must not hold it up.
func TestNeverRead(t *testing.T) {
	each(t, "Teardown with Run alive waits a minute and fails", func(c *Case) {
		c.Bucket = server.Synthetic("big")
		s := c.NewSource(host.Options{})
		c.Do(s.ConfigureAndOpen(c.Ctx, c.Bucket.Config(), nil))
		c.Do(s.StartRun())
		time.Sleep(silence)
		c.Within(20*time.Second, "Teardown", func() error {
			_, err := s.Teardown(context.Background(), pconnector.SourceTeardownRequest{})
			return err
		})
		c.Do(s.Leftovers())
	})
}

func residentMiB(c *Case, pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	c.Do(err)
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	c.Do(err)
	return kib / 1024
}

// Window starvation: a host that sends and does not read acknowledgements, until the window they come through is shut.
func TestAcksUnread(t *testing.T) {
	each(t, stopWithEmptyBatch, func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.NewDestination(host.Options{})
		c.Do(d.ConfigureAndOpen(c.Ctx, c.Bucket.Config("format", "json", "sdk.batch.size", "1000", "sdk.batch.delay", "100ms")))
		c.Do(d.StartRun())
		sent := records(50000) // their acknowledgements are 1 MiB
		for i := range sent {
			sent[i].Position = append(sent[i].Position, bytes.Repeat([]byte("p"), 20)...)
		}
		done := make(chan error, 1)
		go func() {
			for i := 0; i < len(sent); i += 100 {
				if err := d.Send(sent[i : i+100]...); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		time.Sleep(silence)
		c.Do(d.Ping())
		d.Receive()
		c.Acked(d, sent)
		c.Do(<-done)
		c.EndDestination(d, sent[len(sent)-1].Position)
	})
}

// Acknowledgements that come late, in one burst, not at all, or of nobody's position: reading goes on.
func TestLateAcks(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = server.Synthetic("tiny")
		s := c.OpenSource(nil, "sdk.batch.size", "100", "sdk.batch.delay", "100ms")
		first, err := s.Take(1500, patience)
		c.Do(err)
		for _, r := range first {
			c.Do(s.Ack(r.Position))
		}
		second, err := s.Take(100, patience)
		c.Do(err)
		c.Do(s.AckAll(second))
		third, err := s.Take(100, patience)
		c.Do(err)
		c.Within(20*time.Second, "Stop", func() error {
			_, err := s.Stop(context.Background(), pconnector.SourceStopRequest{})
			return err
		})
		c.Unique(map[string]bool{}, append(append(first, second...), third...))
		c.Within(20*time.Second, "Teardown", func() error { return s.TearDown(context.Background()) })
		c.Do(s.Leftovers())
	})
}

// sdk.batch.*: as many records in a message as fit; a batch that is not full goes out after the delay.
func TestSourceBatch(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		c.Do(c.Bucket.PutAll(c.Ctx, objects("o", 25)))
		time.Sleep(settle(c))
		s := c.OpenSource(nil, "sdk.batch.size", "10", "sdk.batch.delay", "5s")
		var sizes []int
		for total := 0; total < 25; {
			select {
			case message, open := <-s.Messages:
				if !open {
					c.Failf("Run has ended: %v", s.RunError)
				}
				sizes = append(sizes, len(message))
				total += len(message)
			case <-time.After(patience):
				c.Failf("messages of %v records, then nothing", sizes)
			}
		}
		if fmt.Sprint(sizes) != "[10 10 5]" {
			c.Failf("messages of %v records", sizes)
		}
		c.Do(s.TearDown(c.Ctx))
		c.Do(s.Leftovers())
	})
}

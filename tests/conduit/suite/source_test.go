// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"conduit-connector-s3-tests/host"
	"github.com/conduitio/conduit-commons/config"
	"github.com/conduitio/conduit-commons/opencdc"
	"github.com/conduitio/conduit-connector-protocol/pconnector"
)

// SDK: TestSource_Configure_Success. Conduit: testSource_Configure_Success, Teardown_Success.
func TestSourceConfigure(t *testing.T) {
	eachBucket(t, "", func(c *Case) {
		s := c.NewSource(host.Options{ConnectorID: "validate-source-config"})
		_, err := s.Configure(c.Ctx, pconnector.SourceConfigureRequest{Config: c.Bucket.Config("prefix", "p", "pollingPeriod", "2s")})
		c.Do(err)
		c.Do(s.TearDown(c.Ctx))
		c.Do(s.Leftovers())
	})
}

func required(parameters config.Parameters) (names []string) {
	for name, p := range parameters {
		for _, v := range p.Validations {
			if v.Type() == config.ValidationTypeRequired {
				names = append(names, name)
			}
		}
	}
	return names
}

// SDK: TestSource_Configure_RequiredParams. Conduit: testSource_Configure_Fail.
func TestSourceConfigureRequired(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		spec, err := specify(c, host.Options{})
		c.Do(err)
		names := required(spec.SourceParams)
		if len(names) == 0 {
			c.Failf("nothing is required")
		}
		for _, name := range names {
			settings := c.Bucket.Config()
			delete(settings, name)
			s := c.NewSource(host.Options{})
			_, err := s.Configure(c.Ctx, pconnector.SourceConfigureRequest{Config: settings})
			if err == nil {
				c.Failf("accepted without %s", name)
			}
			c.Do(s.TearDown(c.Ctx))
			c.Do(s.Leftovers())
		}
	})
}

// Everything that is wrong is said at once, and what Configure can find it does not leave to Open.
func TestSourceConfigureProblems(t *testing.T) {
	each(t, "it does not look at the bucket before Open", func(c *Case) {
		c.Bucket = c.NewBucket()
		s := c.NewSource(host.Options{})
		// Lines, percent signs and what is not ASCII: the text travels in a header, and must arrive as it was.
		settings := c.Bucket.Config("pollingPeriod", "soon", "bukket", "x", "100%41\u00e4", "y")
		_, err := s.Configure(c.Ctx, pconnector.SourceConfigureRequest{Config: settings})
		for _, part := range []string{"config invalid", "soon", "bukket", "100%41\u00e4", "\n"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				c.Failf("no word of %q in: %v", part, err)
			}
		}
		c.Do(s.TearDown(c.Ctx))

		s = c.NewSource(host.Options{})
		_, err = s.Configure(c.Ctx, pconnector.SourceConfigureRequest{Config: c.Bucket.Config("aws.bucket", "not-there")})
		if err == nil || !strings.Contains(err.Error(), "not-there") {
			c.Failf("a bucket that does not exist: %v", err)
		}
		if strings.Contains(err.Error(), c.Bucket.Config()["aws.secretAccessKey"]) {
			c.Failf("the secret key is in the error")
		}
		c.Do(s.TearDown(c.Ctx))
	})
}

// SDK: TestSource_Open_ResumeAtPositionSnapshot. Conduit: testSource_Open_WithPosition, Open_EmptyPosition.
func TestSourceResumeSnapshot(t *testing.T) {
	eachBucket(t, "", func(c *Case) {
		want := objects("snapshot", 10)
		c.Do(c.Bucket.PutAll(c.Ctx, want))
		time.Sleep(settle(c))
		s := c.OpenSource(nil)
		all, err := s.Take(10, patience)
		c.Do(err)
		c.Same(want, all)
		c.Do(s.AckAll(all[:5]))
		c.EndSource(s, all[9].Position)

		s = c.OpenSource(all[4].Position)
		rest, err := s.Take(5, patience)
		c.Do(err)
		again, err := s.Take(5, silence)
		if !errors.Is(err, host.ErrSilent) && len(again) != 5 {
			c.Failf("after resuming: %v", err)
		}
		union := append(append([]opencdc.Record{}, all[:5]...), rest...)
		if len(again) > 0 { // it began anew, which the SDK allows
			if c.Kind == host.Ours {
				c.Failf("resuming repeated %d records", len(again))
			}
			union = append(rest, again...)
		}
		c.Same(want, union)
		c.EndSource(s, union[len(union)-1].Position)
	})
}

// settle lets the second of the last write pass, so that it belongs to a snapshot and not to what follows.
func settle(c *Case) time.Duration {
	if c.Kind == host.Ours {
		return 3200 * time.Millisecond
	}
	return 1100 * time.Millisecond
}

// SDK: TestSource_Open_ResumeAtPositionCDC.
func TestSourceResumeCDC(t *testing.T) {
	eachBucket(t, "it loses the siblings of the last record's second", func(c *Case) {
		s := c.OpenSource(nil)
		if _, err := s.Next(silence); !errors.Is(err, host.ErrSilent) {
			c.Failf("an empty bucket: %v", err)
		}
		want := objects("cdc", 10)
		c.Do(c.Bucket.PutAll(c.Ctx, want))
		all, err := s.Take(10, patience)
		c.Do(err)
		c.Same(want, all)
		for _, r := range all[:5] {
			c.Do(s.Ack(r.Position))
		}
		c.EndSource(s, all[9].Position)

		s = c.OpenSource(all[4].Position)
		rest, err := s.Take(5, patience)
		c.Do(err)
		c.Same(want, append(all[:5:5], rest...))
		if _, err := s.Next(silence); !errors.Is(err, host.ErrSilent) {
			c.Failf("more than was written: %v", err)
		}
		c.EndSource(s, rest[4].Position)
	})
}

// SDK: TestSource_Read_Success. Conduit: testSource_Run_Success.
func TestSourceRead(t *testing.T) {
	eachBucket(t, "", func(c *Case) {
		existing := objects("old", 10)
		c.Do(c.Bucket.PutAll(c.Ctx, existing))
		time.Sleep(settle(c))
		s := c.OpenSource(nil)
		positions := map[string]bool{}
		got, err := s.Take(10, patience)
		c.Do(err)
		c.Same(existing, got)
		c.Unique(positions, got)
		operations(c, got, opencdc.OperationSnapshot, opencdc.OperationCreate)

		written := objects("new", 20)
		c.Do(c.Bucket.PutAll(c.Ctx, written))
		more, err := s.Take(20, patience)
		c.Do(err)
		c.Same(written, more)
		c.Unique(positions, more)
		operations(c, more, opencdc.OperationCreate)
		c.EndSource(s, more[19].Position)
	})
}

func operations(c *Case, records []opencdc.Record, allowed ...opencdc.Operation) {
	for _, r := range records {
		known := false
		for _, operation := range allowed {
			known = known || r.Operation == operation
		}
		if !known {
			c.Failf("%s is a %s, expected one of %v", r.Key.Bytes(), r.Operation, allowed)
		}
		if len(r.Metadata) == 0 || (c.Kind == host.Ours && r.Metadata["opencdc.version"] != "v1") {
			c.Failf("metadata of %s: %v", r.Key.Bytes(), r.Metadata)
		}
	}
}

// Create, update and delete of one key, with the metadata that pipelines rely on.
func TestSourceChanges(t *testing.T) {
	eachBucket(t, "the first object of an empty bucket is a snapshot to it; on an unversioned bucket it calls updates creates and does not see deletes", func(c *Case) {
		s := c.OpenSource(nil)
		for i, step := range []struct {
			change    func() error
			operation opencdc.Operation
		}{
			{func() error { return c.Bucket.Put(c.Ctx, "k", []byte("one")) }, opencdc.OperationCreate},
			{func() error { return c.Bucket.Put(c.Ctx, "k", []byte("three")) }, opencdc.OperationUpdate},
			{func() error { return c.Bucket.Delete(c.Ctx, "k") }, opencdc.OperationDelete},
		} {
			c.Do(step.change())
			r, err := s.Next(patience)
			c.Do(err)
			if r.Operation != step.operation || string(r.Key.Bytes()) != "k" {
				c.Failf("step %d is a %s of %q", i, r.Operation, r.Key.Bytes())
			}
			if (r.Metadata["action"] == "delete") != (step.operation == opencdc.OperationDelete) {
				c.Failf("step %d: %v", i, r.Metadata)
			}
		}
		c.Do(s.TearDown(c.Ctx))
	})
}

// SDK: TestSource_Read_Timeout. Conduit: testSource_StreamRecv_CancelContext.
func TestSourceNothingThere(t *testing.T) {
	eachBucket(t, "", func(c *Case) {
		s := c.OpenSource(nil)
		if r, err := s.Next(silence); !errors.Is(err, host.ErrSilent) {
			c.Failf("an empty bucket gave %v, %v", r, err)
		}
		s.CancelRun()
		if _, err := s.Next(patience); !errors.Is(err, context.Canceled) {
			c.Failf("Run was cancelled: %v", err)
		}
		c.Do(s.TearDown(c.Ctx))
		c.Do(s.Leftovers())
	})
}

// Conduit: testSource_Open_WithPosition, with one that is none.
func TestSourceOpenMalformedPosition(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		s := c.NewSource(host.Options{})
		err := s.ConfigureAndOpen(c.Ctx, c.Bucket.Config(), opencdc.Position("no position"))
		if err == nil || !strings.Contains(err.Error(), "Open") {
			c.Failf("a malformed position: %v", err)
		}
		c.Do(s.TearDown(c.Ctx))
		c.Do(s.Leftovers())
	})
}

// Conduit: testSource_Run_Fail. The bucket goes away while it is read.
func TestSourceRunFail(t *testing.T) {
	each(t, "it gives an empty record", func(c *Case) {
		c.Bucket = c.NewBucket()
		s := c.OpenSource(nil)
		if _, err := s.Next(silence); !errors.Is(err, host.ErrSilent) {
			c.Failf("an empty bucket: %v", err)
		}
		c.Do(c.Bucket.Remove(c.Ctx))
		r, err := s.Next(60 * time.Second)
		if err == nil || !strings.Contains(err.Error(), "read plugin error") {
			c.Failf("the bucket is gone: %v, %v", r, err)
		}
		c.Within(20*time.Second, "Teardown", func() error { return s.TearDown(context.Background()) })
		c.Do(s.Leftovers())
	})
}

// Conduit: testSource_StreamRecv_AfterStop, testSource_StreamSend_Success. After Stop nothing comes any more, acknowledgements are still
// taken; when Run has ended, sending says so.
func TestSourceAfterStop(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		c.Do(c.Bucket.PutAll(c.Ctx, objects("o", 5)))
		time.Sleep(settle(c))
		s := c.OpenSource(nil)
		got, err := s.Take(5, patience)
		c.Do(err)
		rest, err := s.StopAndDrain(c.Ctx, got[4].Position)
		c.Do(err)
		c.Do(c.Bucket.Put(c.Ctx, "late", nil))
		if _, err := s.Next(2 * silence); !errors.Is(err, host.ErrSilent) {
			c.Failf("after Stop: %v", err)
		}
		c.Do(s.AckAll(append(got, rest...)))
		s.CancelRun()
		if _, err := s.Next(patience); !errors.Is(err, context.Canceled) {
			c.Failf("Run was cancelled: %v", err)
		}
		if err := s.Ack(got[0].Position); !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) {
			c.Failf("an acknowledgement after the end: %v", err)
		}
		c.Do(s.TearDown(c.Ctx))
		c.Do(s.Leftovers())
	})
}

// Without a record the last position is empty, also when Open was given one.
func TestSourceStopWithoutRecord(t *testing.T) {
	eachBucket(t, "", func(c *Case) {
		for _, position := range []opencdc.Position{nil, opencdc.Position(fmt.Sprintf("k_c%d", time.Now().Unix()))} {
			s := c.OpenSource(position)
			reply, err := s.Stop(c.Ctx, pconnector.SourceStopRequest{})
			c.Do(err)
			if len(reply.LastPosition) != 0 {
				c.Failf("opened at %q, last position %q", position, reply.LastPosition)
			}
			c.Do(s.TearDown(c.Ctx))
			c.Do(s.Leftovers())
		}
	})
}

// Conduit: testSource_Lifecycle_*. A deleted connector gets no Configure.
func TestSourceLifecycle(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		settings := c.Bucket.Config()
		s := c.NewSource(host.Options{})
		_, err := s.Configure(c.Ctx, pconnector.SourceConfigureRequest{Config: settings})
		c.Do(err)
		_, err = s.LifecycleOnCreated(c.Ctx, pconnector.SourceLifecycleOnCreatedRequest{Config: settings})
		c.Do(err)
		c.Do(s.TearDown(c.Ctx))

		s = c.NewSource(host.Options{})
		_, err = s.Configure(c.Ctx, pconnector.SourceConfigureRequest{Config: settings})
		c.Do(err)
		_, err = s.LifecycleOnUpdated(c.Ctx, pconnector.SourceLifecycleOnUpdatedRequest{ConfigBefore: settings, ConfigAfter: settings})
		c.Do(err)
		c.Do(s.TearDown(c.Ctx))

		s = c.NewSource(host.Options{})
		_, err = s.LifecycleOnDeleted(c.Ctx, pconnector.SourceLifecycleOnDeletedRequest{Config: settings})
		c.Do(err)
		c.Do(s.TearDown(c.Ctx))
		c.Do(s.Leftovers())
	})
}

// The SDK's versions differ in how they quote states.
var plain = strings.NewReplacer(`"`, "", "[", "", "]", "")

// Every call out of its turn is refused with the SDK's text, and Teardown works after it.
func TestSourceOrder(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		configure := func(s *host.Source) error {
			_, err := s.Configure(c.Ctx, pconnector.SourceConfigureRequest{Config: c.Bucket.Config()})
			return err
		}
		open := func(s *host.Source) error {
			_, err := s.Open(c.Ctx, pconnector.SourceOpenRequest{})
			return err
		}
		run := func(s *host.Source) error {
			if err := s.StartRun(); err != nil {
				return err
			}
			s.Receive()
			_, err := s.Next(patience)
			return err
		}
		for _, order := range []struct {
			calls  []func(*host.Source) error // the last one is out of turn
			expect string
		}{
			{[]func(*host.Source) error{open}, "expected connector state Configured, actual connector state is Initial"},
			{[]func(*host.Source) error{configure, configure}, "expected connector state Initial, actual connector state is Configured"},
			{[]func(*host.Source) error{configure, open, open}, "expected connector state Configured, actual connector state is Started"},
			{[]func(*host.Source) error{run}, "expected connector state Started, actual connector state is Initial"},
			{[]func(*host.Source) error{configure, run}, "expected connector state Started, actual connector state is Configured"},
		} {
			s := c.NewSource(host.Options{})
			for i, call := range order.calls {
				err := call(s)
				if last := i == len(order.calls)-1; last && (err == nil || !strings.Contains(plain.Replace(err.Error()), order.expect)) {
					c.Failf("expected %q, not: %v", order.expect, err)
				} else if !last {
					c.Do(err)
				}
			}
			c.Within(20*time.Second, "Teardown", func() error { return s.TearDown(context.Background()) })
			c.Do(s.Leftovers())
		}
	})
}

// Teardown may come in any state: at once, and with Run alive and not cancelled.
func TestSourceTeardownAnyTime(t *testing.T) {
	each(t, "Teardown with Run alive waits a minute and fails", func(c *Case) {
		c.Bucket = c.NewBucket()
		teardown := func(s *host.Source) {
			c.Within(20*time.Second, "Teardown", func() error {
				_, err := s.Teardown(context.Background(), pconnector.SourceTeardownRequest{})
				return err
			})
			c.Do(s.Leftovers())
		}
		teardown(c.NewSource(host.Options{}))
		s := c.NewSource(host.Options{})
		c.Do(s.ConfigureAndOpen(c.Ctx, c.Bucket.Config(), nil))
		teardown(s)
		teardown(c.OpenSource(nil))
	})
}

// A forced stop: Run is cancelled, Shutdown follows, Teardown never comes.
func TestSourceForcedStop(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		s := c.OpenSource(nil)
		s.CancelRun()
		c.Do(s.Leftovers())
	})
}

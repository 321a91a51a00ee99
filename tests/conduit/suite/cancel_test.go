// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"conduit-connector-s3-tests/host"
	"github.com/conduitio/conduit-commons/opencdc"
	"github.com/conduitio/conduit-connector-protocol/pconnector"
)

const soon = 300 * time.Millisecond // when a call is given up

// givenUp is a call that its caller does not wait for.
type givenUp struct {
	name    string
	prepare func() error // while S3 still answers
	call    func(ctx context.Context) error
}

// Each is made on a plugin of its own while S3 does not answer, and given up; the plugin must still serve, tear down and leave at once.
func (c *Case) giveUp(all func() (*host.Plugin, func(context.Context) error, []givenUp)) {
	_, _, calls := all()
	for i, name := range calls {
		c.Bucket = c.NewBucket()
		p, tearDown, calls := all()
		call := calls[i]
		if call.prepare != nil {
			c.Do(call.prepare())
		}
		c.Do(server.Fault("kind", "delay", "ms", "6000", "bucket", c.Bucket.Name, "count", "-1"))
		ctx, cancel := context.WithTimeout(c.Ctx, soon)
		err := call.call(ctx)
		cancel()
		if err != nil && !endedByCaller(err) {
			c.Failf("%s: %v", name.name, err)
		}
		c.Do(p.Ping())
		c.Within(10*time.Second, "Teardown after a cancelled "+name.name, func() error {
			_ = tearDown(context.Background())
			return nil
		})
		c.Do(p.Leftovers())
	}
}

// endedByCaller: the deadline, as either end may put it, or a call that was out of its turn anyway.
func endedByCaller(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		strings.Contains(err.Error(), "error code: CANCEL") || strings.Contains(err.Error(), "expected connector state")
}

// Conduit: testSource_BlockingFunctions, and every other call.
func TestSourceCancelCalls(t *testing.T) {
	each(t, "it cannot be torn down while Run is blocked", func(c *Case) {
		c.Bucket = c.NewBucket()
		c.giveUp(func() (*host.Plugin, func(context.Context) error, []givenUp) {
			s := c.NewSource(host.Options{})
			settings := c.Bucket.Config()
			configure := func(ctx context.Context) error {
				_, err := s.Configure(ctx, pconnector.SourceConfigureRequest{Config: settings})
				return err
			}
			started := func() error { return s.ConfigureAndOpen(c.Ctx, settings, nil) }
			return s.Plugin, s.TearDown, []givenUp{
				{"Configure", nil, configure},
				{"LifecycleOnCreated", func() error { return configure(c.Ctx) }, func(ctx context.Context) error {
					_, err := s.LifecycleOnCreated(ctx, pconnector.SourceLifecycleOnCreatedRequest{Config: settings})
					return err
				}},
				{"LifecycleOnUpdated", func() error { return configure(c.Ctx) }, func(ctx context.Context) error {
					_, err := s.LifecycleOnUpdated(ctx, pconnector.SourceLifecycleOnUpdatedRequest{ConfigBefore: settings, ConfigAfter: settings})
					return err
				}},
				{"LifecycleOnDeleted", nil, func(ctx context.Context) error {
					_, err := s.LifecycleOnDeleted(ctx, pconnector.SourceLifecycleOnDeletedRequest{Config: settings})
					return err
				}},
				{"Open", func() error { return configure(c.Ctx) }, func(ctx context.Context) error {
					_, err := s.Open(ctx, pconnector.SourceOpenRequest{})
					return err
				}},
				{"Run", started, func(ctx context.Context) error {
					if err := s.StartRun(); err != nil {
						return err
					}
					s.Receive()
					<-ctx.Done()
					s.CancelRun()
					_, err := s.Next(patience)
					return err
				}},
				{"Stop", nil, func(ctx context.Context) error {
					_, err := s.Stop(ctx, pconnector.SourceStopRequest{})
					return err
				}},
				{"Teardown", started, func(ctx context.Context) error {
					_, err := s.Teardown(ctx, pconnector.SourceTeardownRequest{})
					return err
				}},
			}
		})
	})
}

// Conduit: testDestination_BlockingFunctions, and every other call. Records are on their way when Run, Stop and Teardown are given up.
func TestDestinationCancelCalls(t *testing.T) {
	each(t, "it cannot be stopped or torn down while a write is blocked", func(c *Case) {
		c.Bucket = c.NewBucket()
		c.giveUp(func() (*host.Plugin, func(context.Context) error, []givenUp) {
			d := c.NewDestination(host.Options{})
			settings := c.Bucket.Config("format", "json")
			configure := func(ctx context.Context) error {
				_, err := d.Configure(ctx, pconnector.DestinationConfigureRequest{Config: settings})
				return err
			}
			running := func() error { return d.Begin(c.Ctx, settings) }
			sent := records(3)
			return d.Plugin, d.TearDown, []givenUp{
				{"Configure", nil, configure},
				{"LifecycleOnCreated", func() error { return configure(c.Ctx) }, func(ctx context.Context) error {
					_, err := d.LifecycleOnCreated(ctx, pconnector.DestinationLifecycleOnCreatedRequest{Config: settings})
					return err
				}},
				{"LifecycleOnUpdated", func() error { return configure(c.Ctx) }, func(ctx context.Context) error {
					_, err := d.LifecycleOnUpdated(ctx, pconnector.DestinationLifecycleOnUpdatedRequest{ConfigBefore: settings, ConfigAfter: settings})
					return err
				}},
				{"LifecycleOnDeleted", nil, func(ctx context.Context) error {
					_, err := d.LifecycleOnDeleted(ctx, pconnector.DestinationLifecycleOnDeletedRequest{Config: settings})
					return err
				}},
				{"Open", func() error { return configure(c.Ctx) }, func(ctx context.Context) error {
					_, err := d.Open(ctx, pconnector.DestinationOpenRequest{})
					return err
				}},
				{"Run", running, func(ctx context.Context) error {
					if err := d.Send(sent...); err != nil {
						return err
					}
					<-ctx.Done()
					d.CancelRun()
					return c.ended(d, sent)
				}},
				{"Stop", running, func(ctx context.Context) error {
					if err := d.Send(sent...); err != nil {
						return err
					}
					return d.StopAt(ctx, sent[2].Position)
				}},
				{"Teardown", running, func(ctx context.Context) error {
					if err := d.Send(sent...); err != nil {
						return err
					}
					_, err := d.Teardown(ctx, pconnector.DestinationTeardownRequest{})
					return err
				}},
			}
		})
	})
}

// ended is how Run ends, after none of these was acknowledged.
func (c *Case) ended(d *host.Destination, sent []opencdc.Record) error {
	if ack, err := d.NextAck(patience); err != nil {
		return errors.Unwrap(err)
	} else {
		c.Failf("acknowledged while S3 does not answer: %q of %d", ack.Position, len(sent))
		return nil
	}
}

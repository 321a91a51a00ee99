// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"time"

	"github.com/conduitio/conduit-commons/config"
	"github.com/conduitio/conduit-commons/opencdc"
	"github.com/conduitio/conduit-connector-protocol/pconnector"
	"github.com/conduitio/conduit/pkg/plugin/connector"
)

// Destination is a plugin used as a destination. Acknowledgements arrive in Acks while Run is open.
type Destination struct {
	*Plugin
	connector.DestinationPlugin

	Acks     chan pconnector.DestinationRunResponseAck // closed when Run has ended; then RunError says how
	RunError error

	stream pconnector.DestinationRunStreamClient
	cancel context.CancelFunc
}

// NewDestination starts a process and takes its destination.
func NewDestination(o Options) (*Destination, error) {
	p, err := Start(o)
	if err != nil {
		return nil, err
	}
	raw, err := p.dispense("destination")
	if err != nil {
		p.Kill()
		return nil, err
	}
	return &Destination{Plugin: p, DestinationPlugin: raw.(connector.DestinationPlugin)}, nil
}

// ConfigureAndOpen does what Conduit does before Run.
func (d *Destination) ConfigureAndOpen(ctx context.Context, c config.Config) error {
	if _, err := d.Configure(ctx, pconnector.DestinationConfigureRequest{Config: c}); err != nil {
		return fmt.Errorf("Configure: %w", err)
	}
	if _, err := d.Open(ctx, pconnector.DestinationOpenRequest{}); err != nil {
		return fmt.Errorf("Open: %w", err)
	}
	return nil
}

// StartRun opens the stream. No acknowledgement is taken from it before Receive.
func (d *Destination) StartRun() error {
	ctx, cancel := context.WithCancel(context.Background())
	stream := d.NewStream()
	if err := d.Run(ctx, stream); err != nil {
		cancel()
		return err
	}
	d.cancel = cancel
	d.stream = stream.Client()
	d.Acks = make(chan pconnector.DestinationRunResponseAck, 4096)
	return nil
}

// Receive takes acknowledgements from now on.
func (d *Destination) Receive() {
	go func() {
		defer close(d.Acks)
		for {
			reply, err := d.stream.Recv()
			if err != nil {
				d.RunError = err
				return
			}
			for _, ack := range reply.Acks {
				d.Acks <- ack
			}
		}
	}()
}

// Begin is ConfigureAndOpen, StartRun and Receive.
func (d *Destination) Begin(ctx context.Context, c config.Config) error {
	if err := d.ConfigureAndOpen(ctx, c); err != nil {
		return err
	}
	if err := d.StartRun(); err != nil {
		return fmt.Errorf("Run: %w", err)
	}
	d.Receive()
	return nil
}

// Send gives the records in one message.
func (d *Destination) Send(records ...opencdc.Record) error {
	return d.stream.Send(pconnector.DestinationRunRequest{Records: records})
}

// NextAck waits for one: ErrSilent, or how Run ended.
func (d *Destination) NextAck(wait time.Duration) (pconnector.DestinationRunResponseAck, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case ack, open := <-d.Acks:
		if !open {
			return ack, fmt.Errorf("Run has ended: %w", d.RunError)
		}
		return ack, nil
	case <-timer.C:
		return pconnector.DestinationRunResponseAck{}, ErrSilent
	}
}

// TakeAcks waits for the acknowledgements of these records, in this order, as Conduit demands it; `failed` says which were refused and why.
func (d *Destination) TakeAcks(records []opencdc.Record, wait time.Duration) (failed map[int]string, err error) {
	failed = map[int]string{}
	for i, record := range records {
		ack, err := d.NextAck(wait)
		if err != nil {
			return failed, fmt.Errorf("after %d of %d acknowledgements: %w", i, len(records), err)
		}
		if string(ack.Position) != string(record.Position) {
			return failed, fmt.Errorf("acknowledgement %d is %q, not %q", i, ack.Position, record.Position)
		}
		if ack.Error != "" {
			failed[i] = ack.Error
		}
	}
	return failed, nil
}

// StopAt tells the last position that was sent.
func (d *Destination) StopAt(ctx context.Context, last opencdc.Position) error {
	_, err := d.Stop(ctx, pconnector.DestinationStopRequest{LastPosition: last})
	return err
}

// CancelRun does what Conduit does instead of a half-close.
func (d *Destination) CancelRun() {
	if d.cancel != nil {
		d.cancel()
	}
}

// TearDown is CancelRun and Teardown.
func (d *Destination) TearDown(ctx context.Context) error {
	d.CancelRun()
	_, err := d.Teardown(ctx, pconnector.DestinationTeardownRequest{})
	return err
}

// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/conduitio/conduit-commons/config"
	"github.com/conduitio/conduit-commons/opencdc"
	"github.com/conduitio/conduit-connector-protocol/pconnector"
	"github.com/conduitio/conduit/pkg/plugin/connector"
)

// ErrSilent is returned when nothing came in time.
var ErrSilent = errors.New("nothing came in time")

// Source is a plugin used as a source. Records arrive in Messages while Run is open.
type Source struct {
	*Plugin
	connector.SourcePlugin

	Messages chan []opencdc.Record // closed when Run has ended; then RunError says how
	RunError error

	stream  pconnector.SourceRunStreamClient
	cancel  context.CancelFunc
	pending []opencdc.Record
}

// NewSource starts a process and takes its source.
func NewSource(o Options) (*Source, error) {
	p, err := Start(o)
	if err != nil {
		return nil, err
	}
	raw, err := p.dispense("source")
	if err != nil {
		p.Kill()
		return nil, err
	}
	return &Source{Plugin: p, SourcePlugin: raw.(connector.SourcePlugin)}, nil
}

// ConfigureAndOpen does what Conduit does before Run.
func (s *Source) ConfigureAndOpen(ctx context.Context, c config.Config, p opencdc.Position) error {
	if _, err := s.Configure(ctx, pconnector.SourceConfigureRequest{Config: c}); err != nil {
		return fmt.Errorf("Configure: %w", err)
	}
	if _, err := s.Open(ctx, pconnector.SourceOpenRequest{Position: p}); err != nil {
		return fmt.Errorf("Open: %w", err)
	}
	return nil
}

// StartRun opens the stream. Nothing is taken from it before Receive, so that a test can leave it unread.
func (s *Source) StartRun() error {
	ctx, cancel := context.WithCancel(context.Background())
	stream := s.NewStream()
	if err := s.Run(ctx, stream); err != nil {
		cancel()
		return err
	}
	s.cancel = cancel
	s.stream = stream.Client()
	s.Messages = make(chan []opencdc.Record, 64)
	return nil
}

// Receive takes records from now on.
func (s *Source) Receive() {
	go func() {
		defer close(s.Messages)
		for {
			reply, err := s.stream.Recv()
			if err != nil {
				s.RunError = err
				return
			}
			s.Messages <- reply.Records
		}
	}()
}

// Begin is ConfigureAndOpen, StartRun and Receive.
func (s *Source) Begin(ctx context.Context, c config.Config, p opencdc.Position) error {
	if err := s.ConfigureAndOpen(ctx, c, p); err != nil {
		return err
	}
	if err := s.StartRun(); err != nil {
		return fmt.Errorf("Run: %w", err)
	}
	s.Receive()
	return nil
}

// Next waits for a record: ErrSilent, or how Run ended.
func (s *Source) Next(wait time.Duration) (opencdc.Record, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for len(s.pending) == 0 {
		select {
		case records, open := <-s.Messages:
			if !open {
				return opencdc.Record{}, fmt.Errorf("Run has ended: %w", s.RunError)
			}
			if len(records) == 0 {
				return opencdc.Record{}, errors.New("a message without records")
			}
			s.pending = records
		case <-timer.C:
			return opencdc.Record{}, ErrSilent
		}
	}
	record := s.pending[0]
	s.pending = s.pending[1:]
	return record, nil
}

// Take waits for n records, each at most this long; what came is returned in any case.
func (s *Source) Take(n int, wait time.Duration) ([]opencdc.Record, error) {
	var records []opencdc.Record
	for len(records) < n {
		record, err := s.Next(wait)
		if err != nil {
			return records, fmt.Errorf("after %d of %d records: %w", len(records), n, err)
		}
		records = append(records, record)
	}
	return records, nil
}

// Ack sends the positions in one message.
func (s *Source) Ack(positions ...opencdc.Position) error {
	return s.stream.Send(pconnector.SourceRunRequest{AckPositions: positions})
}

// AckAll sends the positions of these records in one message.
func (s *Source) AckAll(records []opencdc.Record) error {
	positions := make([]opencdc.Position, len(records))
	for i, record := range records {
		positions[i] = record.Position
	}
	return s.Ack(positions...)
}

// StopAndDrain asks for the last position and takes what comes up to it; `last` is the position of the last record taken before.
func (s *Source) StopAndDrain(ctx context.Context, last opencdc.Position) ([]opencdc.Record, error) {
	reply, err := s.Stop(ctx, pconnector.SourceStopRequest{})
	if err != nil {
		return nil, fmt.Errorf("Stop: %w", err)
	}
	var rest []opencdc.Record
	for !bytes.Equal(last, reply.LastPosition) {
		record, err := s.Next(20 * time.Second)
		if err != nil {
			return rest, fmt.Errorf("Stop named %q, but %q was the last to come: %w", reply.LastPosition, last, err)
		}
		rest = append(rest, record)
		last = record.Position
	}
	return rest, nil
}

// CancelRun does what Conduit does instead of a half-close.
func (s *Source) CancelRun() {
	if s.cancel != nil {
		s.cancel()
	}
}

// TearDown is CancelRun and Teardown.
func (s *Source) TearDown(ctx context.Context) error {
	s.CancelRun()
	_, err := s.Teardown(ctx, pconnector.SourceTeardownRequest{})
	return err
}

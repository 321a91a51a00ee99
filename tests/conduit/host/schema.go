// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"net"

	"github.com/conduitio/conduit-commons/database/inmemory"
	"github.com/conduitio/conduit-commons/schema"
	pconnutilsserver "github.com/conduitio/conduit-connector-protocol/pconnutils/v1/server"
	connutilsv1 "github.com/conduitio/conduit-connector-protocol/proto/connutils/v1"
	schemaregistry "github.com/conduitio/conduit-schema-registry"
	"github.com/conduitio/conduit/pkg/foundation/log"
	"github.com/conduitio/conduit/pkg/plugin/connector/connutils"
	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/grpc"
)

// SchemaService is Conduit's own, with its built-in registry.
type SchemaService struct {
	Target string

	tokens   *connutils.AuthManager
	registry *schemaregistry.SchemaRegistry
	server   *grpc.Server
}

// NewSchemaService serves on every address of this machine, as Conduit does: plugins get "[::]:PORT".
func NewSchemaService() (*SchemaService, error) {
	registry, err := schemaregistry.NewSchemaRegistry(&inmemory.DB{})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		return nil, err
	}
	s := &SchemaService{
		Target:   listener.Addr().String(),
		tokens:   connutils.NewAuthManager(),
		registry: registry,
		server:   grpc.NewServer(),
	}
	service := connutils.NewSchemaService(log.Nop(), registry, s.tokens)
	connutilsv1.RegisterSchemaServiceServer(s.server, pconnutilsserver.NewSchemaServiceServer(service))
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

// Close ends it; calls under way fail.
func (s *SchemaService) Close() { s.server.Stop() }

// NewToken lets a plugin in.
func (s *SchemaService) NewToken(connectorID string) string { return s.tokens.GenerateNew(connectorID) }

// Revoke is what Conduit does when the plugin has been torn down.
func (s *SchemaService) Revoke(token string) { s.tokens.Deregister(token) }

// Register puts an Avro schema under a subject and returns the form that encodes with it.
func (s *SchemaService) Register(subject, text string) (schema.Schema, error) {
	made, err := s.registry.CreateSchema(context.Background(), subject, sr.Schema{Schema: text, Type: sr.TypeAvro})
	if err != nil {
		return schema.Schema{}, fmt.Errorf("registering %s: %w", subject, err)
	}
	return schema.Schema{
		ID: made.ID, Subject: made.Subject, Version: made.Version, Type: schema.TypeAvro, Bytes: []byte(made.Schema.Schema),
	}, nil
}

// stargz-snapshotter as the benchmark runs it: `stargz SOCKET ROOT CONFIG`. CONFIG is JSON, by the
// names of the snapshotter's own configuration. Serves containerd's proxy plugin until it is ended.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net"
	"os"

	snapshots "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/contrib/snapshotservice"
	"github.com/containerd/stargz-snapshotter/service"
	"google.golang.org/grpc"
)

func serve(socket, root, text string) error {
	var config service.Config
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return err
	}
	snapshotter, err := service.NewStargzSnapshotterService(context.Background(), root, &config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	snapshots.RegisterSnapshotsServer(server, snapshotservice.FromSnapshotter(snapshotter))
	return server.Serve(listener)
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: stargz SOCKET ROOT CONFIG")
	}
	log.Fatal(serve(os.Args[1], os.Args[2], os.Args[3]))
}

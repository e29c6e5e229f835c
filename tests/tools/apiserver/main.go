// A Kubernetes API server with its store in one process, for `make chart-test`: it admits what the chart makes, as a
// cluster would; there are no nodes and no controllers, so nothing runs.
package main

import (
	"fmt"
	"log"
	"net/url"
	"os"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	config := embed.NewConfig()
	config.Dir = os.Getenv("STORE_FOLDER")
	config.LogLevel = "error"
	client := url.URL{Scheme: "http", Host: "127.0.0.1:" + os.Getenv("STORE_PORT")}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	store, err := embed.StartEtcd(config)
	if err != nil {
		log.Fatal(err)
	}
	<-store.Server.ReadyNotify()
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{fmt.Sprintf("--etcd-servers=%s", client.String())}, os.Args[1:]...))
	if err := command.Execute(); err != nil {
		log.Fatal(err)
	}
}

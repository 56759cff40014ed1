package cli

import "github.com/netipc/netipc/go/netdata"

func tokenOfProcess(pid int) (uint64, error) { return netdata.AuthTokenOfProcess(pid) }

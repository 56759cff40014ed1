//go:build !linux

package service_test

import "github.com/netipc/netipc/go/service"

const roleStarved = "starved"

func playStarved(*service.Server, string) error { return nil }

const (
	roleLean = "lean"
	longest  = 0
)

func playLean() error { return nil }

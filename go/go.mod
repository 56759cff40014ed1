module github.com/netipc/netipc/go

go 1.24

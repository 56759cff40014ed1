// Package native chooses the transport of the platform. No other package names one.
package native

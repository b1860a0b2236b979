// Package http1 is an HTTP/1.1 client for one origin.
package http1

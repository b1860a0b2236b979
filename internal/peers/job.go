package main

import (
	"maps"
	"net/http"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// The job.
const (
	keyField = "X-Gateway-Key"
	key      = "gw-alice-of-the-peers-77d1"
	below    = "/v1/"
	endpoint = "/v1/messages"
	realtime = "/v1/realtime"
)

// job is the target that all peers share.
func job() leaktest.Target {
	return leaktest.Target{
		Gateway: leaktest.Header(keyField, key), Caller: leaktest.Bearer(""), Path: endpoint, WebSocket: realtime,
	}
}

// proxyJob is the job of a proxy that relays what it is not told to remove.
func proxyJob() leaktest.Target {
	target := job()
	target.Skip = maps.Clone(outsideTheJob)
	return target
}

const (
	byValue  = "looks for the key in its place, not by its value"
	unnamed  = "relays fields that it was not told to remove"
	aliases  = "takes another spelling for another field"
	query    = "relays the query as it is"
	methods  = "relays any method but CONNECT"
	host     = "tells the upstream which host the client asked for"
	paths    = "relays a path below /v1/ as it is"
	response = "relays fields of the response that it was not told to remove"
)

// outsideTheJob are the cases that say nothing about a proxy that relays what it is not told to remove.
var outsideTheJob = map[string]string{
	"R1-*": byValue, "R3-*": byValue, "R9-*": byValue, "R16-key-announced": byValue, "R16-key-unannounced": byValue,
	"S4-key-in-a-subprotocol": byValue, "S1-*": byValue,
	"R2-key-field-twice": unnamed, "R4-*": unnamed, "R6-forwarded": unnamed, "R6-original-url": unnamed, "R6-target-url": unnamed,
	"R6-sniffed-websocket-origin": unnamed, "R7-*": unnamed, "R8-*": unnamed, "R12-x-real-ip": unnamed, "R12-forwarded": unnamed,
	"R12-via": unnamed, "R12-tls-client-certificate": unnamed, "R12-callers-address": "tells the upstream who called, on purpose",
	"R12-x-forwarded-prefix": unnamed, "R12-x-forwarded-port": unnamed, "R15-*": unnamed, "R17-*": unnamed, "R18-*": unnamed, "S9-ntlm": unnamed, "S9-negotiate": unnamed,
	"R16-x-api-key-*": unnamed, "R16-unknown-*": unnamed, "S4-credential-in-a-subprotocol": unnamed, "M2-other-protocol": "passes upgrades on",
	"R13-x_api_key": aliases, "R13-x-dot-api-dot-key": aliases, "R13-x-api_key": aliases, "R13-api_key": aliases, "R13-gateway*": aliases,
	"R13-x_forwarded_for": aliases, "R13-content_length": aliases,
	"R6-parameter": query, "R6-lying-host": host, "U4-absolute-form": host, "U4-absolute-form-https": host, "U4-absolute-form-and-host": host, "U1-*": query, "U2-*": query, "U5-in-the-query": query, "U5-in-the-path": paths,
	"U3-nul": paths, "U3-bad-escape": paths, "U3-line-end*": paths, "U3-empty-segment": paths, "U3-single-dot": paths, "U3-dot-segment-at-the-end": paths,
	"U3-encoded-twice": paths, "U3-encoded-thrice": paths, "U3-trailing-space": paths, "U3-backslash": paths, "U3-encoded-backslash": paths,
	"M1-connect-in-lower-case": methods, "M3-*": methods,
	"S2-early-hints": response, "S2-processing": response, "S2-continue-unasked": response, "S2-outer-*": response, "S3-*": response,
	"S4-fields-of-a-101": response, "S8-*": response, "S9-challenge": response,
	"S5-set-cookie": response, "S5-alt-svc": response, "S5-clear-site-data": response, "S5-refresh": response, "S5-report-to": response,
	"S5-strict-transport-security": response, "S5-server": response, "S5-powered-by": response, "S5-unknown": response,
	"S5-sourcemap": response, "S5-access-control": response, "S5-accel-redirect": response, "S5-proxy-authenticate": response,
}

// asks is the check of the key that a Go service writes around a proxy, and the mux that it stands in.
func asks(proxy http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(below, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(keyField) != key {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Header.Del(keyField)
		proxy.ServeHTTP(w, r)
	}))
	return mux
}

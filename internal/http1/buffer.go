package http1

import "sync"

// bufferSize is that of the buffers for headers, and for the bodies that come or go with them.
const bufferSize = 8 << 10

// bulkSize is that of the buffers for uploads that fill the others.
const bulkSize = 32 << 10

var (
	buffers     = sync.Pool{New: func() any { return new([bufferSize]byte) }}
	bulkBuffers = sync.Pool{New: func() any { return new([bulkSize]byte) }}
)

func getBuffer() *[bufferSize]byte {
	b, _ := buffers.Get().(*[bufferSize]byte)
	return b
}

func putBuffer(b *[bufferSize]byte) { buffers.Put(b) }

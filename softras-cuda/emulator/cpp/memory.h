// Device memory: every allocation between two pages that nobody may touch, filled with what a kernel must not rely on.

#pragma once

#include <cstddef>
#include <string>

namespace emulated {

// The byte that new memory of a device is full of: 0xff (NaN) on the first two, 0x00 on the third, 0x7f (large numbers) on
// the fourth; on all of them the one that the variable SOFTRAS_EMULATED_FILL names, in hexadecimal digits.
int filling(int device);
// Returns `bytes` of memory of a device, full of its filling, or null if there is no more.
void* allocate(int device, size_t bytes);
// Gives memory back; tells whether it was an allocation.
bool release(void* at);
// Gives all memory of a device back.
void release_all(int device);
// Tells whether `bytes` from `at` on lie in one allocation of the device.
bool is_device_memory(int device, const void* at, size_t bytes);
// The bytes of a device that are allocated.
size_t allocated_bytes(int device);
// The bytes a device has.
size_t total_bytes();
void set_total_bytes(size_t bytes);
// Says where an address lies that must not be touched.
std::string describe_address(const void* at);
// Says which allocation of a device was written past its end by less than 16 bytes; empty if none.
std::string check_margins(int device);

}  // namespace emulated

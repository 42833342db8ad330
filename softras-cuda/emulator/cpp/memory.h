// Device memory: every allocation between two pages that nobody may touch, filled with NaN.

#pragma once

#include <cstddef>
#include <string>

namespace emulated {

// Returns `bytes` of memory of a device, full of 0xff (NaN), or null if there is no more.
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

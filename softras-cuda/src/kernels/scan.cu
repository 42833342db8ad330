// Scan: exclusive prefix sums, 1,024 numbers a block; the sums of the blocks are scanned in turn, then added.

extern "C" __global__ void __launch_bounds__(256) scan(const Scanning scanning) {
    __shared__ u64 totals_of[256];
    u32 lane = threadIdx.x;
    u64 first = (u64)blockIdx.x * 1024u + lane * 4u;
    u64 own[4];
    u64 total = 0u;
    for (u32 i = 0; i < 4u; ++i) {
        own[i] = total;
        if (first + i < scanning.length) {
            total += scanning.data[first + i];
        }
    }
    totals_of[lane] = total;
    __syncthreads();
    for (u32 step = 1u; step < 256u; step *= 2u) {
        u64 add = lane >= step ? totals_of[lane - step] : 0u;
        __syncthreads();
        totals_of[lane] += add;
        __syncthreads();
    }
    u64 before = totals_of[lane] - total;
    for (u32 i = 0; i < 4u; ++i) {
        if (first + i < scanning.length) {
            scanning.data[first + i] = own[i] + before;
        }
    }
    if (lane == 255u) {
        scanning.sums[blockIdx.x] = totals_of[255];
    }
}

extern "C" __global__ void __launch_bounds__(256) scan_add(const Scanning scanning) {
    u64 before = scanning.sums[blockIdx.x];
    for (u32 i = 0; i < 4u; ++i) {
        u64 at = (u64)blockIdx.x * 1024u + threadIdx.x * 4u + i;
        if (at < scanning.length) {
            scanning.data[at] += before;
        }
    }
}

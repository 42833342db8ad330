// The exponential: the polynomial of the host, without fused multiply-add, so that all have the same bits.

#define EXP_LOWEST (-80.0f)
#define EXP_HIGHEST 88.0f

FN float exp_f32(float x) {
    float held = real_min(real_max(x, EXP_LOWEST), EXP_HIGHEST);
    float pow2;
    float n = real_nearest_pow2(held * 1.44269504088896340736f, pow2);
    float r = held - n * 0.693359375f - n * -2.1219444005e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    float y = p * real_sq(r) + r + 1.0f;
    return real_select(x < EXP_LOWEST, 0.0f, y * pow2);
}

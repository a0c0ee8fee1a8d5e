// truth: unsafe: two to the sixty-fourth paths of helpers, and stdio behind all of them
#include "corpus.h"
#define F(n, m) NOINLINE static void f##n(int s) { f##m(s); f##m(s + 1); __asm__ volatile(""); }
volatile sig_atomic_t odd;
NOINLINE static void f0(int s) { if (odd + s == 12345) printf("deep\n"); }
F(1, 0) F(2, 1) F(3, 2) F(4, 3) F(5, 4) F(6, 5) F(7, 6) F(8, 7) F(9, 8) F(10, 9) F(11, 10) F(12, 11) F(13, 12) F(14, 13) F(15, 14) F(16, 15)
F(17, 16) F(18, 17) F(19, 18) F(20, 19) F(21, 20) F(22, 21) F(23, 22) F(24, 23) F(25, 24) F(26, 25) F(27, 26) F(28, 27) F(29, 28) F(30, 29)
F(31, 30) F(32, 31) F(33, 32) F(34, 33) F(35, 34) F(36, 35) F(37, 36) F(38, 37) F(39, 38) F(40, 39) F(41, 40) F(42, 41) F(43, 42) F(44, 43)
F(45, 44) F(46, 45) F(47, 46) F(48, 47) F(49, 48) F(50, 49) F(51, 50) F(52, 51) F(53, 52) F(54, 53) F(55, 54) F(56, 55) F(57, 56) F(58, 57)
F(59, 58) F(60, 59) F(61, 60) F(62, 61) F(63, 62) F(64, 63)
static void handler(int s) { f64(s); }
MAIN(handler)

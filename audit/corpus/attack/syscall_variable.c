// truth: unsafe: the syscall instruction with a number that is read from memory
#include "corpus.h"
volatile long number = 39;
static void handler(int s) { long r = number; (void)s; __asm__ volatile("syscall" : "+a"(r) : "D"(0L), "S"(0L) : "rcx", "r11", "memory"); }
MAIN(handler)

// truth: find: a loop walks a table in writable data, and a function takes the entry in a register that it is to keep, and changes it
#include "corpus.h"
typedef struct { long signo; void (*handler)(int); } entry;
static volatile sig_atomic_t a1;
static void h1(int s) { a1 = s; }
__attribute__((used)) void bad(int s) { printf("%d\n", s); }
entry entries[] = {{SIGHUP, h1}, {SIGUSR1, h1}, {SIGTERM, h1}, {0, 0}};
__asm__(".text\n.type change,@function\nchange:\n.cfi_startproc\nlea bad(%rip),%rax\nmov %rax,8(%rbx)\nret\n.cfi_endproc\n.size change,.-change\n");
int main(void) {
    struct sigaction a;
    register entry *e __asm__("rbx") = entries;
    do {
        __asm__ volatile("sub $128,%%rsp\n\tcall change\n\tadd $128,%%rsp" : : "r"(e) : "rax", "memory");
        memset(&a, 0, sizeof a);
        a.sa_handler = e->handler;
        sigaction((int)e->signo, &a, 0);
        e++;
    } while (e->signo);
    for (;;) pause();
}

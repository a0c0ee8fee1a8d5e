// expect: undecided
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
volatile sig_atomic_t f;
static void good(int s){f=s;} static void bad(int s){printf("%d",s);}
static void (*cb)(int)=good;
void handler(int s){ cb(s); }
int main(int c,char**v){ cb=bad; signal(SIGUSR1,handler); pause(); }

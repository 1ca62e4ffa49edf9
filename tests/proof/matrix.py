#!/usr/bin/python3
import json, os, sys
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "system"), os.path.join(os.path.dirname(HERE), "tools"), HERE]
import harness, tap
import matrix_faults as mf, matrixlib
def main():
    want = sys.argv[1:]
    harness.enter(100000)
    with harness.World(agent=False, user=False, warp=True) as w:
        b = matrixlib.Bench(w)
        out = open(os.environ.get("OUT", "/dev/stdout"), "w")
        n = 0
        sh=os.environ.get('SHARD')
        for step, group, name in mf.cells():
            n += 1
            if sh and n%int(sh[2]) != int(sh[0]): continue
            if want and step not in want and name not in want and step+":"+name not in want: continue
            s = mf.STEPS[step]; f = mf.fault_of(group, name)
            for mode in mf.modes(step):
                try:
                    r, raw = b.measure(s, f, mode)
                except Exception as e:
                    import traceback; traceback.print_exc()
                    print("AT", step, name, mode)
                    continue
                r.update(step=step, fault=name, mode=mode, err=raw.all[-1500:] )
                out.write(json.dumps(r)+"\n"); out.flush()
main()

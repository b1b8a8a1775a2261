// Turns what is hot into regions, links them into the interpreter, and drops them when code changes.
// In: samples of the pc, changes of code. Out: records and table slots that lead into translated code.
// Must not know: how a region is emitted.
import { Perm } from '@mimic/bus';
import type { CompiledIsa, Decoded } from '@mimic/isa';
import { decode, decodeBytes } from '@mimic/isa/decode';
import {
  compileModule,
  hasFusedMultiplyAdd,
  instantiateModule,
  ModuleBuilder,
  Type,
  typeOf,
  type WasmFunction,
  type WasmTable,
} from '@mimic/wasm';
import type { CodeCache } from '../code-cache.js';
import { FixedHandler, REGION_SLOT } from '../decoder.js';
import type { Guest } from '../guest.js';
import {
  JUMP_ENTRIES,
  JUMP_ENTRY_SIZE,
  MEMORY_PAGES,
  RECORD_SIZE,
  REFUSAL_COUNTERS,
  REGION_SLOTS,
} from '../layout.js';
import { REGION_SIGNATURE } from '../loop.js';
import { ENTER_SIGNATURE, NOBODY } from '../services.js';
import type { Stress } from '../stress.js';
import { ByAddress } from './by-address.js';
import { CodeStore } from './code-store.js';
import type { Translated } from './describe.js';
import { type Discovered, discover } from './discover.js';
import { type EmittedRegion, emitRegion, type RegionExits } from './emit-region.js';
import { narrow, outermostHead } from './narrow.js';
import { type BlockPass, passesWithout } from './passes.js';
import { RegionCache } from './region-cache.js';
import { noStatistics, type TranslatorStatistics } from './statistics.js';
import { decodeTemplates, type TemplateSource } from './template-store.js';
import { Templates } from './templates.js';

export interface TranslatorOptions {
  /** What encodeTemplates made of the ISA; made anew when absent. */
  readonly templates?: Uint8Array;
  /** Samples of an address before its region is translated. */
  readonly threshold?: number;
  /** Bytes of WebAssembly kept. 0: nothing is translated. */
  readonly cacheBytes?: number;
  /** Modules kept: each costs the host memory maps. */
  readonly cacheModules?: number;
  /** Milliseconds, for statistics. */
  readonly clock?: () => number;
  /** Share of the run that may be spent on translating, for benchmarks. */
  readonly share?: number;
  /** Decides at random what is dropped, made whole and put together. */
  readonly stress?: Stress;
  /** Whether the host's multiply-add is to be used: it must be fused. Asked for by default. */
  readonly fused?: () => boolean;
  /** Passes that are switched off. */
  readonly noPasses?: readonly BlockPass[];
  /** Told of each module made, for dumps. */
  readonly onModule?: (made: Translated) => void;
}

type Ways = Pick<EmittedRegion, 'entries' | keyof RegionExits>;

/** A translated region. */
interface Region extends RegionExits {
  /** Its start first. */
  readonly entries: readonly number[];
  readonly module: Module;
  readonly pages: ReadonlySet<number>;
  /** Addresses of its blocks. */
  readonly blocks: ReadonlySet<number>;
  readonly insns: number;
  /** Times that the region at its start was made anew to do better. */
  readonly remakes: number;
  /** Times that it was left in ways that are known to be avoidable. */
  avoidable: number;
  /** Made for its module alone: others have another one, and it is made anew with its module only. */
  readonly copy: boolean;
  /** Whether the interpreter and other modules find it. Others of its own module call it even if not. */
  linked: boolean;
}

interface Module {
  readonly id: number;
  readonly bytes: number;
  readonly regions: Region[];
  readonly pages: ReadonlySet<number>;
}

/** Regions and guest instructions translated together at most. */
const BATCH = { regions: 16, insns: 2000 } as const;
/**
 * What a hot region calls is translated again for its module if it has a region in another one and is small: a call
 * inside a module costs a third. Its instructions, and those of all such callees of a module, at most.
 */
const COPY = { insns: 64, all: 300 } as const;
/**
 * What translating an instruction costs, in instructions that the guest could have run meanwhile; the share of the
 * run that may be spent on it; and what may be spent at once when something first proves hot.
 */
const COST = 6_000;
const SHARE = 0.5;
const CREDIT = 60_000_000;
/** Slots up to here go to callees that are not translated yet, too. */
const CALLEE_SLOTS = (REGION_SLOTS * 3) / 4;
/**
 * Avoidable exits before a region is made anew, for each of its instructions: about what making one costs. Each time it
 * takes twice as many, so that what cannot be helped is tried seldom.
 */
const AVOIDABLE = 30;
/** What an exit that leaves all turns of a loop to the interpreter counts for. */
const LOOP = 100;
const MOST_REMAKES = 12;
/** Addresses about which something is remembered, at most. */
const REMEMBERED = 1 << 15;
/** Times that a page changed, counted up to here: each doubles the samples that its code needs. */
const CHANGES = 5;
/** Times that code of a page is dropped before regions of other pages leave it out. */
const RESTLESS = 4;
/** Exits for an address, since the counters were looked at last, that make it count. */
const REFUSALS = 16;
/** Refusals of any kind before the counters are looked at. */
const LOOK = 500;
/** Times that a computed jump goes somewhere before a region follows it there; and to how many places at most. */
const JUMPS = 2;
const JUMP_TARGETS = 256;

export class Translator {
  readonly statistics: TranslatorStatistics = noStatistics();
  private readonly templates: TemplateSource;
  private readonly store: CodeStore;
  private readonly table: WasmTable;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly regions = new Map<number, Region>();
  private readonly modules = new Set<Module>();
  /** Modules by the guest pages of their code. A region that is unlinked may still be called inside its module. */
  private readonly byPage = new Map<number, Set<Module>>();
  private readonly slots = new Map<number, number>();
  private nextSlot = 0;
  private readonly samples = new ByAddress<number>(REMEMBERED);
  /** Linked regions with a block at an address. */
  private readonly covered = new Map<number, number>();
  /** Times that regions were dropped because a page changed, by page. */
  private readonly changes = new Map<number, number>();
  /** Entries that cannot be translated. */
  private readonly hopeless = new ByAddress<true>(REMEMBERED);
  private readonly wholeSites = new ByAddress<true>(REMEMBERED);
  private readonly unsteady = new ByAddress<true>(REMEMBERED);
  /** Times that regions were made anew to do better, by entry. */
  private readonly remakes = new ByAddress<number>(REMEMBERED);
  /** Where computed jumps have been seen to go, by their address. */
  private readonly seenJumps = new Map<number, Set<number>>();
  private readonly cache: RegionCache<Module>;
  private nextModule = 0;
  /** Guest instructions of a module at most, so that several modules have room in the cache. */
  private readonly batchInsns: number;
  private readonly threshold: number;
  private readonly enabled: boolean;
  private readonly clock: () => number;

  constructor(
    private readonly isa: CompiledIsa,
    private readonly guest: Guest,
    private readonly code: CodeCache,
    /** What the interpreter's module exports. */
    private readonly services: Readonly<Record<string, WasmFunction>>,
    private readonly host: (n: number) => bigint,
    private readonly options: TranslatorOptions = {},
  ) {
    this.table = guest.regions;
    this.view = new DataView(guest.store.buffer);
    this.bytes = new Uint8Array(guest.store.buffer);
    this.threshold = options.threshold ?? 3;
    const cacheBytes = options.cacheBytes ?? 64 << 20;
    this.batchInsns = Math.min(BATCH.insns, cacheBytes >>> 8);
    this.enabled = cacheBytes > 0;
    this.cache = new RegionCache(Math.max(cacheBytes, 1), options.cacheModules ?? 4000, (m) =>
      this.unlink(m),
    );
    this.clock = options.clock ?? (() => 0);
    this.templates = options.templates ? decodeTemplates(options.templates) : new Templates(isa);
    this.store = new CodeStore(
      isa,
      this.templates,
      (pc, context) => this.fetch(pc, context),
      this.statistics,
      this.clock,
      passesWithout(options.noPasses ?? []),
    );
    services['empty']!();
    guest.memory.onCodeChange((page) => this.pageChanged(page));
    code.onOpen(
      (page) => this.relink(page),
      () => {
        this.clear();
        this.store.clear();
      },
    );
  }

  /**
   * The guest was about to execute `pc`, the target of a jump, when the host looked; it has retired that many
   * instructions. `interpreted`: it came there by the interpreter, not by a region. True when `pc` was translated.
   */
  sample(pc: number, retired: number, interpreted: boolean): boolean {
    if (!this.enabled) return false;
    if (this.options.stress) this.disturb(this.options.stress);
    if (this.view.getUint32(this.field('displaced'), true) !== 0) this.restore();
    if (this.view.getUint32(this.field('refusals'), true) > LOOK) this.improve(retired);
    const region = this.regions.get(pc);
    if (region) {
      this.cache.touch(region.module.id);
      return false;
    }
    if (!interpreted && !this.options.stress) return false;
    const n = (this.samples.get(pc) ?? 0) + 1;
    // What is in regions already, though no entry, pays only for a long stay; so does what changes again and again.
    const covered = this.options.stress ? 0 : (this.covered.get(pc) ?? 0);
    const doubt = this.options.stress ? 0 : (this.changes.get(pc >>> 12) ?? 0);
    if (n < (this.threshold + covered * covered) << doubt) {
      this.samples.set(pc, n);
      return false;
    }
    if (this.hopeless.has(pc)) return false;
    if (!this.affordable(retired)) return false;
    this.samples.delete(pc);
    this.translate(pc);
    return true;
  }

  /** Whether more may be translated now that so many instructions have been retired. */
  private affordable(retired: number): boolean {
    const spent = this.statistics.instructions * COST;
    return this.options.stress !== undefined || spent <= retired * (this.options.share ?? SHARE) + CREDIT;
  }

  private disturb(stress: Stress): void {
    const what = stress.drops();
    if (what === 'modules') this.clear();
    else if (what === 'records') this.code.clear();
    else if (what === 'module') {
      const region = stress.pick([...this.regions.values()]);
      if (region) this.cache.delete(region.module.id);
    }
  }

  /** Drops every region. */
  clear(): void {
    this.cache.clear();
  }

  // ---- making

  private translate(entry: number): void {
    const t0 = this.clock();
    const batch = this.gather(entry);
    if (batch.length === 0) {
      this.hopeless.set(entry, true);
      return;
    }
    const t1 = this.clock();
    if (this.nextSlot + batch.length > REGION_SLOTS) this.forget();
    // Starts first: entries besides them get the slots that are left.
    for (const d of batch) this.slotOf(d.entry);
    const { wasm, emitted } = this.emit(batch);
    const t2 = this.clock();
    this.options.onModule?.({
      regions: batch,
      wasm,
      program: this.templates.program,
      passes: this.store.passes,
    });
    const exports = this.instantiate(wasm);
    const t3 = this.clock();
    const module: Module = {
      id: this.nextModule++,
      bytes: wasm.length,
      regions: [],
      pages: new Set(batch.flatMap((d) => [...d.pages])),
    };
    // Records first: to make room for them may drop everything.
    for (const e of emitted) for (const pc of e.entries) this.code.open(pc >>> 12);
    if (!this.cache.add(module)) {
      this.hopeless.set(entry, true);
      return;
    }
    batch.forEach((d, k) => {
      const region: Region = {
        module,
        pages: d.pages,
        blocks: new Set(d.blocks.keys()),
        insns: d.insns,
        remakes: this.remakes.get(d.entry) ?? 0,
        avoidable: 0,
        linked: true,
        copy: this.regions.has(d.entry),
        ...emitted[k]!,
      };
      module.regions.push(region);
      this.link(region, exports[`r${k}`]!);
    });
    this.modules.add(module);
    for (const page of module.pages) {
      let on = this.byPage.get(page);
      if (!on) this.byPage.set(page, (on = new Set()));
      on.add(module);
      this.guest.memory.markCode(page);
    }
    const s = this.statistics;
    s.modules++;
    s.regions += batch.length;
    s.instructions += batch.reduce((n, d) => n + d.insns, 0);
    s.bytes += wasm.length;
    s.discoverTime += t1 - t0;
    s.emitTime += t2 - t1;
    s.compileTime += t3 - t2;
    s.evictions = this.cache.evictions;
  }

  /** The region at `entry` and those that it calls, as far as a batch goes. */
  private gather(entry: number): Discovered[] {
    const out: Discovered[] = [];
    const seen = new Set<number>([entry]);
    const queue = [entry];
    /** Where loop nests begin. */
    const nests = new Set<number>();
    let insns = 0;
    let copied = 0;
    let hot: Discovered | undefined;
    const most = this.options.stress?.batch() ?? BATCH.regions;
    for (
      let pc = queue.shift();
      pc !== undefined && out.length < most && insns < this.batchInsns;
      pc = queue.shift()
    ) {
      const elsewhere = this.regions.get(pc);
      if (elsewhere && !(hot?.calls.has(pc) && elsewhere.insns <= COPY.insns && copied < COPY.all)) continue;
      const whole = discover(
        this.store,
        (at) => this.settled(at, pc),
        (at) => this.executed(at),
        (site) => [...(this.seenJumps.get(site) ?? [])],
        pc,
      );
      if (!whole) {
        this.hopeless.set(pc, true);
        continue;
      }
      const head = nests.has(pc) ? undefined : outermostHead(whole);
      const d = nests.has(pc) ? whole : narrow(whole);
      if (head !== undefined && !this.regions.has(head) && !seen.has(head)) {
        // What runs now is on its way there.
        seen.add(head);
        nests.add(head);
        queue.unshift(head);
        if (d === whole) continue;
      }
      out.push(d);
      hot ??= d;
      insns += d.insns;
      if (elsewhere) copied += d.insns;
      for (const c of [...(head === undefined ? d.outer : []), ...d.calls]) {
        if (seen.has(c)) continue;
        seen.add(c);
        queue.push(c);
      }
    }
    return out;
  }

  /** Whether the interpreter has decoded the instruction: it does so when it first executes it. */
  private executed(pc: number): boolean {
    const at = this.code.recordAt(pc);
    return at !== undefined && this.view.getUint16(at, true) !== FixedHandler.undecoded;
  }

  /** Whether a region that starts at `entry` may hold `pc`: not on another page that changes again and again. */
  private settled(pc: number, entry: number): boolean {
    const page = pc >>> 12;
    return page === entry >>> 12 || (this.changes.get(page) ?? 0) < RESTLESS;
  }

  /** What is fetched is remembered, so that a change of it must be told of even if nothing runs it. */
  private fetch(pc: number, context: number): Decoded | null | undefined {
    const { isa, guest, view } = this;
    const start = (pc & ~isa.modeMask) >>> 0;
    if (start >= guest.layout.guestLimit || start & (isa.unit - 1)) return undefined;
    const may = (at: number): boolean => {
      if (!(guest.memory.perm(at >>> 12) & Perm.X)) return false;
      guest.memory.markCode(at >>> 12);
      return true;
    };
    if (!may(start)) return undefined;
    if (isa.scan) {
      const found = decodeBytes(isa, (offset) =>
        may(start + offset) ? view.getUint8(start + offset) : undefined,
      );
      return found.kind === 'insn' ? found.decoded : found.kind === 'illegal' ? null : undefined;
    }
    const { reversed } = guest.layout;
    const unit = (at: number): number => view.getUint16(reversed ? 2 ** 32 - at - 2 : at, true);
    const word =
      isa.unit === 4
        ? view.getUint32(reversed ? 2 ** 32 - start - 4 : start, true)
        : (unit(start) | (may(start + 2) ? unit(start + 2) << 16 : 0)) >>> 0;
    return decode(isa, word, pc, context) ?? null;
  }

  /** Module bytes, and where each region is entered and left. */
  private emit(batch: readonly Discovered[]): { wasm: Uint8Array; emitted: Ways[] } {
    const module = new ModuleBuilder();
    const emitted: Ways[] = [];
    const { program } = this.templates;
    module.importMemory('env', 'memory', MEMORY_PAGES, MEMORY_PAGES);
    const resume = module.importFunc('i', 'resume', REGION_SIGNATURE);
    const step = module.importFunc('i', 'step', REGION_SIGNATURE);
    const rare = module.importFunc('i', 'rare', REGION_SIGNATURE);
    const cold = module.importFunc('i', 'cold', REGION_SIGNATURE);
    const enter = module.importFunc('i', 'enter', ENTER_SIGNATURE);
    const jump = module.importFunc('i', 'jump', REGION_SIGNATURE);
    const call = module.importFunc('i', 'call', REGION_SIGNATURE);
    const host = module.importFunc('env', 'host', { params: [Type.i32], results: [Type.i64] });
    const double = [Type.i64];
    const fma = (this.options.fused ?? hasFusedMultiplyAdd)()
      ? 'host'
      : module.importFunc('i', 'fma', { params: [...double, ...double, ...double], results: double });
    // Functions of the spec that these instructions call.
    const wanted = new Set<number>();
    for (const d of batch)
      for (const block of d.blocks.values())
        for (const x of block.insns) for (const f of x.template.calls) wanted.add(f);
    const functions = new Map<number, number>();
    for (const n of wanted) {
      const f = program.funcs[n]!;
      functions.set(
        n,
        module.importFunc('i', `f${n}`, { params: f.params.map(typeOf), results: f.results.map(typeOf) }),
      );
    }
    const own = new Map(batch.map((d) => [d.entry, module.func(REGION_SIGNATURE)]));
    batch.forEach((d, k) => {
      const func = own.get(d.entry)!;
      const { body, entries, coldTargets, jumpSites, rareSites, loopSites } = emitRegion(d, {
        layout: this.guest.layout,
        program,
        store: this.store,
        callables: {
          index: (n) => functions.get(n)!,
          results: (n) => program.funcs[n]!.results,
          fma: () => fma,
        },
        resume,
        step,
        rare,
        cold,
        jump,
        call,
        enter,
        host,
        whole: (pc) => this.wholeSites.has(pc) || this.options.stress?.whole() === true,
        hoists: (pc) => !this.unsteady.has(pc) && this.options.stress?.whole() !== true,
        callee: (target) => {
          const func = own.get(target);
          if (func !== undefined) return { func };
          // The last slots are for entries: without one a call is made by the interpreter.
          if (this.nextSlot >= CALLEE_SLOTS && !this.slots.has(target)) return undefined;
          return { slot: this.slotOf(target) };
        },
      });
      emitted.push({ entries, coldTargets, jumpSites, rareSites, loopSites });
      module.define(func, body);
      module.exportFunc(`r${k}`, func);
    });
    return { wasm: module.finish(), emitted };
  }

  private instantiate(wasm: Uint8Array): Readonly<Record<string, WasmFunction>> {
    return instantiateModule(compileModule(wasm), {
      env: {
        memory: this.guest.store,
        host: (n: number) => BigInt.asIntN(64, this.host(n)),
      },
      i: this.services,
    });
  }

  /** The slot for regions that start at `pc`; made at first use, given back by `forget`. */
  private slotOf(pc: number): number {
    let slot = this.slots.get(pc);
    if (slot === undefined) this.slots.set(pc, (slot = this.nextSlot++));
    return slot;
  }

  /** Drops every region and every slot: there are no more slots. */
  private forget(): void {
    this.clear();
    this.slots.clear();
    this.nextSlot = 0;
  }

  // ---- linking

  private link(region: Region, func: WasmFunction): void {
    for (const pc of region.blocks) this.covered.set(pc, (this.covered.get(pc) ?? 0) + 1);
    for (const pc of region.entries) {
      if (this.regions.has(pc) || (this.nextSlot >= REGION_SLOTS && !this.slots.has(pc))) continue;
      this.regions.set(pc, region);
      this.table.set(this.slotOf(pc), func);
      this.place(pc);
    }
  }

  private field(name: keyof Guest['layout']['fields']): number {
    return this.guest.layout.stateBase + this.guest.layout.fields[name];
  }

  /** Puts a record that leads to the region at `entry` where the entry's own record is. */
  private place(entry: number): void {
    const at = this.code.recordAt(entry);
    if (at === undefined || this.view.getUint16(at, true) === FixedHandler.region) return;
    const slot = this.slotOf(entry);
    this.bytes.copyWithin(this.displaced(slot), at, at + RECORD_SIZE);
    this.view.setUint16(at, FixedHandler.region, true);
    this.view.setUint32(at + REGION_SLOT, slot, true);
  }

  /** Where the record is that the region in `slot` took the place of. */
  private displaced(slot: number): number {
    return this.guest.layout.displacedRecords + slot * RECORD_SIZE;
  }

  /** Records of a page are new: entries on it get theirs again. */
  private relink(page: number): void {
    for (const module of this.byPage.get(page) ?? [])
      for (const region of module.regions)
        for (const pc of region.entries)
          if (pc >>> 12 === page && this.regions.get(pc) === region) this.place(pc);
  }

  /** Records that `step` gave back are taken again. */
  private restore(): void {
    this.view.setUint32(this.field('displaced'), 0, true);
    for (const pc of this.regions.keys()) this.place(pc);
  }

  /** Regions that are often left in ways that new ones would not need are made anew. */
  private improve(retired: number): void {
    const { layout } = this.guest;
    this.statistics.refusals += this.view.getUint32(this.field('refusals'), true);
    this.view.setUint32(this.field('refusals'), 0, true);
    const counters = new Uint32Array(this.guest.store.buffer, layout.refusalCounters, REFUSAL_COUNTERS);
    // A counter stands for the addresses that share it.
    const count = (pc: number): number => {
      const n = counters[(pc >>> 2) & (REFUSAL_COUNTERS - 1)]!;
      return n < REFUSALS ? 0 : n;
    };
    const news = this.noteJumps();
    const worst: Region[] = [];
    for (const module of this.modules)
      for (const region of module.regions) {
        for (const pc of region.rareSites) {
          if (count(pc) === 0) continue;
          // What is no longer rare in one instruction is mostly not in those after it either.
          for (const site of region.remakes ? region.rareSites : [pc]) this.wholeSites.set(site, true);
          region.avoidable += count(pc);
        }
        for (const pc of region.loopSites) {
          if (count(pc) === 0) continue;
          this.unsteady.set(pc, true);
          region.avoidable += LOOP * count(pc);
        }
        // What has run by now gets in, except where a region has its limits.
        for (const pc of region.coldTargets) if (this.executed(pc)) region.avoidable += count(pc);
        for (const [pc, known] of region.jumpSites)
          for (const [to, n] of news.get(pc) ?? []) if (!known.has(to)) region.avoidable += n;
        if (
          !region.copy &&
          region.remakes < MOST_REMAKES &&
          region.avoidable >= (AVOIDABLE * region.insns) << region.remakes
        )
          worst.push(region);
      }
    counters.fill(0);
    worst.sort((a, b) => b.avoidable - a.avoidable);
    for (const region of worst) if (this.affordable(retired)) this.remake(region);
    // What is called again and again and never was where the host looked.
    for (const [pc, n] of news.get(NOBODY) ?? [])
      if (n >= REFUSALS && !this.regions.has(pc) && !this.hopeless.has(pc) && this.affordable(retired))
        this.translate(pc);
  }

  /** Makes the region anew. Others of its module are dropped with it only if it lives on through their calls. */
  private remake(region: Region): void {
    const { module, entries, remakes, linked } = region;
    this.statistics.invalidations++;
    this.remakes.set(entries[0]!, remakes + 1);
    this.unlinkRegion(region);
    region.avoidable = 0;
    if (!linked || module.regions.every((r) => !r.linked)) this.cache.delete(module.id);
    if (!this.regions.has(entries[0]!)) this.translate(entries[0]!);
  }

  /** Takes over what computed jumps were seen to do: by their address, how often they went where. */
  private noteJumps(): Map<number, [to: number, times: number][]> {
    const { layout, store } = this.guest;
    const entries = new Uint32Array(store.buffer, layout.jumpTable, (JUMP_ENTRIES * JUMP_ENTRY_SIZE) / 4);
    const news = new Map<number, [to: number, times: number][]>();
    for (let i = 0; i < entries.length; i += 3) {
      const [site, target, count] = [entries[i]!, entries[i + 1]!, entries[i + 2]!];
      if (count < JUMPS) continue;
      const of = news.get(site);
      if (of) of.push([target, count]);
      else news.set(site, [[target, count]]);
      if (site === NOBODY) continue;
      let seen = this.seenJumps.get(site);
      if (!seen) this.seenJumps.set(site, (seen = new Set()));
      if (seen.size < JUMP_TARGETS) seen.add(target);
    }
    entries.fill(0);
    return news;
  }

  private pageChanged(page: number): void {
    const on = this.byPage.get(page);
    this.samples.forgetPage(page);
    this.hopeless.forgetPage(page);
    this.wholeSites.forgetPage(page);
    this.unsteady.forgetPage(page);
    this.remakes.forgetPage(page);
    this.store.clear();
    if (!on) return;
    this.seenJumps.clear();
    this.changes.set(page, Math.min((this.changes.get(page) ?? 0) + 1, CHANGES));
    for (const m of [...on]) {
      this.statistics.invalidations += m.regions.length;
      this.cache.delete(m.id);
    }
  }

  /** Takes a module's regions out of the table, the records and the maps; the host then collects it. */
  private unlink(module: Module): void {
    this.modules.delete(module);
    for (const region of module.regions) this.unlinkRegion(region);
    for (const page of module.pages) {
      const on = this.byPage.get(page);
      on?.delete(module);
      if (on?.size === 0) this.byPage.delete(page);
    }
  }

  private unlinkRegion(region: Region): void {
    if (!region.linked) return;
    region.linked = false;
    for (const pc of region.blocks) {
      const n = this.covered.get(pc)! - 1;
      if (n > 0) this.covered.set(pc, n);
      else this.covered.delete(pc);
    }
    for (const pc of region.entries) {
      if (this.regions.get(pc) !== region) continue;
      this.regions.delete(pc);
      const slot = this.slotOf(pc);
      this.table.set(slot, this.services['absent']);
      const at = this.code.recordAt(pc);
      if (at === undefined || this.view.getUint16(at, true) !== FixedHandler.region) continue;
      const from = this.displaced(slot);
      this.bytes.copyWithin(at, from, from + RECORD_SIZE);
    }
  }
}

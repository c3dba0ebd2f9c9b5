"""The words that say what kind of company a name belongs to, in the spirit of ISO 20275, as people write them.

A legal form is not what an agency is called: *Gulf Star Overseas* on a poster is *M/S Gulf Star Overseas (Pvt.) Ltd.*
on the register. So forms are set aside before names are compared, and compared on their own. Each form has one code;
where a form may stand decides whether it is set aside: ``AB``, ``AS``, ``PT`` or ``Co`` are also parts of proper names.
Spellings are compared after folding (``names.fold``): romanised, lower case, no full stops.
"""

from __future__ import annotations

#: Long or unmistakable: set aside wherever they stand. code -> spellings.
ANYWHERE: dict[str, tuple[str, ...]] = {
    "limited": ("limited", "ltd", "ltda", "ltee", "limitee", "limitada"),
    "private": ("pvt", "private limited", "pte", "pty", "proprietary limited"),
    "public": ("plc", "public limited company", "public limited", "pjsc", "public joint stock company"),
    "liability": ("llc", "limited liability company", "pllc"),
    "partnership": ("llp", "limited liability partnership", "lllp"),
    "gmbh": ("gmbh", "ggmbh", "gesmbh", "gesellschaft mit beschrankter haftung"),
    "sarl": ("sarl", "sarlau", "eurl", "societe a responsabilite limitee"),
    "berhad": ("sdn bhd", "sendirian berhad", "bhd", "berhad"),
    "incorporated": ("incorporated",),
    "free_zone": ("fze", "fzco", "fzc", "fz llc", "fzllc", "dmcc"),
}

#: Set aside only at the end of a name.
LAST: dict[str, tuple[str, ...]] = {
    "private": ("private",),
    "company": (
        "co",
        "company",
        "and co",
        "and company",
        "cie",
        "et cie",
        "compagnie",
        "compania",
        "companhia",
    ),
    "incorporated": ("inc", "corp", "corporation"),
    "anonymous": (
        "sa",
        "societe anonyme",
        "sociedad anonima",
        "sociedade anonima",
        "sau",
        "saoc",
        "saog",
        "sae",
        "sal",
    ),
    "simplified": ("sas", "sasu", "societe par actions simplifiee"),
    "variable": ("sa de cv", "s de rl de cv", "s de rl", "sapi de cv"),
    "srl": ("srl", "srls", "scrl", "sprl", "societa a responsabilita limitata"),
    "spa": ("spa", "societa per azioni"),
    "stock": ("ag", "aktiengesellschaft", "kgaa", "se"),
    "kg": ("kg", "ohg", "gbr", "kommanditgesellschaft", "gmbh and co kg", "and co kg", "co kg", "ug"),
    "bv": ("bv", "besloten vennootschap", "bvba"),
    "nv": ("nv", "naamloze vennootschap", "vof"),
    "ab": ("ab", "aktiebolag"),
    "as": ("as", "asa", "aksjeselskap", "aktieselskab"),
    "aps": ("aps", "anpartsselskab"),
    "oy": ("oy", "oyj", "osakeyhtio"),
    "dac": ("dac", "clg", "ulc"),
    "kft": ("kft", "zrt", "nyrt"),
    "zoo": ("sp zoo", "sp z oo", "spolka z ograniczona odpowiedzialnoscia"),
    "sro": ("sro", "s ro", "spol s ro"),
    "doo": ("doo", "ood", "eood"),
    "eirl": ("eirl", "eireli"),
    "ooo": ("ooo", "oao", "zao", "pao", "tov", "too"),
    "ae": ("ae", "epe", "ike"),
    "sti": ("ltd sti", "limited sirketi", "anonim sirketi", "sti"),
    "liability": ("wll", "with limited liability"),
    "closed": ("bsc", "kscc", "qpsc"),
    "dhmm": ("dhmm", "shmm", "shdhmm", "mmh"),
    "tbk": ("tbk", "persero"),
    "jsc": ("jsc", "ojsc", "cjsc", "joint stock company"),
    "thai": ("chamkad", "mahachon"),
    "kaisha": ("kk", "yk", "gk", "kabushiki kaisha", "kabushiki gaisha", "godo kaisha", "yugen kaisha"),
    "hoesa": ("jusikhoesa", "yuhanhoesa"),
    "gongsi": ("youxiangongsi", "gufenyouxiangongsi", "youxianzerengongsi"),
    "lp": ("lp", "limited partnership", "snc", "scs"),
    "cic": ("cic", "community interest company", "cio", "scio"),
    "association": ("ev", "asbl", "vzw", "aisbl"),
    "registered": ("regd",),
}

#: Set aside only at the beginning of a name.
FIRST: dict[str, tuple[str, ...]] = {
    "messrs": ("ms", "messrs", "messers", "mesrs", "mesars", "messieurs"),
    "pt": ("pt", "perseroan terbatas", "cv", "ud"),
    "ooo": ("ooo", "oao", "zao", "pao", "tov", "too"),
    "sharika": ("sharikat", "sharika", "sharikah", "shirkat", "shrka", "shrkat"),
    "muassasa": ("muassasat", "muassasah", "muassasa", "mussa", "mwssa"),
    "maktab": ("maktab", "mktb"),
    "kaisha": ("kk", "yk", "gk", "kabushiki kaisha"),
    "hoesa": ("jusikhoesa", "yuhanhoesa"),
    "agensi": ("agensi pekerjaan",),
    "cong_ty": ("cong ty tnhh", "cong ty co phan", "cong ty"),
    "thai": ("borisat",),
}

#: Forms written in their own script, often without a space beside them: replaced before the script is romanised.
IN_SCRIPT: dict[str, str] = {
    "股份有限公司": " gufenyouxiangongsi ",
    "有限责任公司": " youxianzerengongsi ",
    "有限責任公司": " youxianzerengongsi ",
    "有限公司": " youxiangongsi ",
    "株式会社": " kk ",
    "有限会社": " yk ",
    "合同会社": " gk ",
    "(株)": " kk ",
    "(有)": " yk ",
    "주식회사": " jusikhoesa ",
    "유한회사": " yuhanhoesa ",
    "(주)": " jusikhoesa ",
    "บริษัท": " borisat ",
    "จำกัด": " chamkad ",
    "(มหาชน)": " mahachon ",
    "ش.ذ.م.م": " shdhmm ",
    "ذ.م.م": " dhmm ",
    "ش.م.م": " shmm ",
    "م.م.ح": " mmh ",
}

#: The same, where the word must stand alone: Bengali, Devanagari, Urdu.
IN_SCRIPT_WORDS: dict[str, str] = {
    "লিমিটেড": "limited",
    "লিঃ": "limited",
    "লি:": "limited",
    "লি.": "limited",
    "প্রাইভেট": "pvt",
    "প্রাঃ": "pvt",
    "প্রা:": "pvt",
    "প্রা.": "pvt",
    "প্রাইভেট লিমিটেড": "pvt limited",
    "মেসার্স": "messrs",
    "কোম্পানি": "company",
    "কোম্পানী": "company",
    "কোং": "company",
    "करपोरेशन": "corporation",
    "लिमिटेड": "limited",
    "लि.": "limited",
    "लि": "limited",
    "प्राइवेट": "pvt",
    "प्रा.": "pvt",
    "प्रा.लि.": "pvt limited",
    "प्रा.लि": "pvt limited",
    "मेसर्स": "messrs",
    "मेसर्श": "messrs",
    "कंपनी": "company",
    "कम्पनी": "company",
    "لمیٹڈ": "limited",
    "لميتد": "limited",
    "ليمتد": "limited",
    "پرائیویٹ": "pvt",
    "کمپنی": "company",
}

#: Short forms that can mean one word only: both sides read the long one.
ABBREVIATIONS: dict[str, str] = {
    "intl": "international",
    "intnl": "international",
    "internl": "international",
    "natl": "national",
    "govt": "government",
    "bros": "brothers",
    "assocs": "associates",
    "assn": "association",
    "mgmt": "management",
    "mgt": "management",
    "svcs": "services",
    "svc": "service",
    "srvcs": "services",
    "mfg": "manufacturing",
    "hldgs": "holdings",
    "grp": "group",
    "recr": "recruitment",
    "trdg": "trading",
    "center": "centre",
    "labor": "labour",
    "enterprize": "enterprise",
    "organization": "organisation",
}

#: Spellings that are also ordinary words or initials: *Body Spa* is not *Body*. Set aside, but never taken as left out.
DOUBTFUL: frozenset[str] = frozenset(
    {"as", "asa", "cv", "dac", "ike", "sa", "sal", "sas", "sau", "se", "spa", "too", "tov", "ud", "ug"}
)

#: Words too empty to tell one name from another: never keys, never counted.
EMPTY: frozenset[str] = frozenset({"and", "the"})
